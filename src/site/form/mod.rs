//! What comes in by an HTML form: its texts and its files, within limits.

mod error;
mod header;
mod multipart;
#[cfg(test)]
mod tests;
mod urlencoded;

use std::borrow::Cow;

pub use error::FormError;
use header::HeaderValue;

/// What a form may bring at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Texts.
    pub fields: usize,
    /// Files, and inputs for files in which none was chosen.
    pub files: usize,
    /// Bytes of the name of a field.
    pub name: usize,
    /// Bytes of one text.
    pub text: usize,
    /// Bytes of all texts.
    pub texts: usize,
    /// Bytes of the headers of a part of multipart/form-data.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fields: 1_000,
            files: 600,
            name: 200,
            text: 64 * 1024,
            texts: 256 * 1024,
            headers: 8 * 1024,
        }
    }
}

/// A form as it was sent. Its files stay where the body is.
#[derive(Debug)]
pub struct Form<'a> {
    texts: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    files: Vec<UploadedFile<'a>>,
}

/// A file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedFile<'a> {
    /// The name of the field that it was chosen in.
    pub field: String,
    /// What its file was called, without a path. Anything else may be in it, so it is not to be used as a path.
    pub name: String,
    /// Its bytes.
    pub content: &'a [u8],
}

impl<'a> Form<'a> {
    /// Reads the body of a request as its `Content-Type` says.
    ///
    /// # Errors
    /// [`FormError`]: when a limit is passed, the body is cut off, or it is no form.
    pub fn read(content_type: &[u8], body: &'a [u8], limits: &Limits) -> Result<Self, FormError> {
        let content_type = HeaderValue::read(content_type).ok_or(FormError::NotAForm)?;
        let mut reading = Reading::new(*limits);
        if content_type.is("multipart/form-data") {
            let boundary = content_type.parameter("boundary").ok_or(FormError::NoBoundary)?;
            multipart::read(boundary, body, &mut reading)?;
        } else if content_type.is("application/x-www-form-urlencoded") {
            urlencoded::read(body, &mut reading)?;
        } else {
            return Err(FormError::NotAForm);
        }
        Ok(reading.form)
    }

    /// Reads what stands in an address behind the question mark.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub fn of_query(query: &'a [u8]) -> Result<Self, FormError> {
        let mut reading = Reading::new(Limits::default());
        urlencoded::read(query, &mut reading)?;
        Ok(reading.form)
    }

    /// The first text of a name, with line ends of one byte; empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.texts(name).next().unwrap_or_default()
    }

    /// All texts of a name, in their order: of check boxes those that are checked.
    pub fn texts<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.texts.iter().filter(move |(known, _)| known == name).map(|(_, text)| &**text)
    }

    /// Whether there is a text or a file of a name, such as of a button.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.texts(name).next().is_some() || self.files(name).next().is_some()
    }

    /// The files that were chosen in the field of a name, in their order.
    pub fn files<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f UploadedFile<'a>> {
        self.files.iter().filter(move |file| file.field == name)
    }
}

/// A form while it is read, and what it may still bring.
struct Reading<'a> {
    limits: Limits,
    /// Inputs for files, those without one included.
    file_inputs: usize,
    /// Bytes of texts.
    length: usize,
    form: Form<'a>,
}

impl<'a> Reading<'a> {
    fn new(limits: Limits) -> Self {
        let form = Form { texts: Vec::new(), files: Vec::new() };
        Self { limits, file_inputs: 0, length: 0, form }
    }

    fn add_text(&mut self, name: Cow<'a, str>, text: Cow<'a, str>) -> Result<(), FormError> {
        let limits = &self.limits;
        if self.form.texts.len() >= limits.fields {
            return Err(FormError::TooManyFields(limits.fields));
        }
        self.check_name(&name)?;
        if text.len() > limits.text {
            return Err(FormError::TextTooLong { name: name.into(), limit: limits.text });
        }
        self.length += text.len();
        if self.length > limits.texts {
            return Err(FormError::TextsTooLong(limits.texts));
        }
        // As browsers end all lines of a text.
        let text = if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text };
        self.form.texts.push((name, text));
        Ok(())
    }

    fn add_file(&mut self, field: &str, path: &str, content: &'a [u8]) -> Result<(), FormError> {
        if self.file_inputs >= self.limits.files {
            return Err(FormError::TooManyFiles(self.limits.files));
        }
        self.check_name(field)?;
        self.file_inputs += 1;
        let is_chosen = !(path.is_empty() && content.is_empty());
        if is_chosen {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            self.form.files.push(UploadedFile { field: field.to_owned(), name, content });
        }
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), FormError> {
        let is_short = name.len() <= self.limits.name;
        if is_short { Ok(()) } else { Err(FormError::NameTooLong(self.limits.name)) }
    }
}
