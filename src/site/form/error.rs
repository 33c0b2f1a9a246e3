//! Why a form is not taken.

use crate::gateway::Status;

/// Why a form is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another `Content-Type`, or none.
    #[error(
        "The request's body is no form: it must be application/x-www-form-urlencoded or multipart/form-data."
    )]
    NotAForm,
    /// A `multipart/form-data` without a boundary as RFC 2046 (5.1.1) has it.
    #[error(
        "The form does not say what stands between its parts (boundary of 1 to 70 characters)."
    )]
    NoBoundary,
    /// It ends before its closing boundary.
    #[error("The form was cut off on its way; send it again.")]
    CutOff,
    /// Parts that are none.
    #[error("The form is malformed: {0}.")]
    Malformed(&'static str),
    /// A name or text in another encoding.
    #[error("A name or a text of the form is not in UTF-8.")]
    NotUtf8,
    /// More texts than this.
    #[error("The form has more than {0} fields.")]
    TooManyFields(usize),
    /// More files than this.
    #[error("The form has more than {0} files; send fewer at once, or a ZIP archive of them.")]
    TooManyFiles(usize),
    /// The name of a field has more bytes than this.
    #[error("The name of a field of the form has more than {0} bytes.")]
    NameTooLong(usize),
    /// One text has more bytes than this.
    #[error("The text in the field \"{name}\" has more than {limit} bytes.")]
    TextTooLong {
        /// The name of its field.
        name: String,
        /// Bytes at most.
        limit: usize,
    },
    /// All texts together have more bytes than this.
    #[error("The texts of the form have more than {0} bytes together.")]
    TextsTooLong(usize),
    /// The headers of a part have more bytes than this.
    #[error("The headers of a part of the form have more than {0} bytes.")]
    HeadersTooLong(usize),
}

impl FormError {
    /// The status of the reply that tells it.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::NotAForm => Status::UnsupportedMediaType,
            Self::NoBoundary | Self::CutOff | Self::Malformed(_) | Self::NotUtf8 => {
                Status::BadRequest
            }
            Self::TooManyFields(_)
            | Self::TooManyFiles(_)
            | Self::NameTooLong(_)
            | Self::TextTooLong { .. }
            | Self::TextsTooLong(_)
            | Self::HeadersTooLong(_) => Status::ContentTooLarge,
        }
    }
}
