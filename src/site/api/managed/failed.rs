//! What problems of a tracker are to a program that asks for something.

use super::{Failed, Problem};
use crate::catalog::{CatalogError, UserError};
use crate::config::LayoutError;
use crate::site::PublishError;
use crate::tracker::decisions::{EditError, RemoveError};

impl From<CatalogError> for Failed {
    fn from(problem: CatalogError) -> Self {
        Problem::log(problem).into()
    }
}

impl From<LayoutError> for Failed {
    fn from(problem: LayoutError) -> Self {
        Problem::log(problem).into()
    }
}

impl From<PublishError> for Failed {
    fn from(problem: PublishError) -> Self {
        Problem::log(problem).into()
    }
}

impl From<UserError> for Failed {
    fn from(problem: UserError) -> Self {
        match problem {
            UserError::Catalog(problem) => problem.into(),
            UserError::Unknown => Problem::NoSuch("user").into(),
            UserError::NameTaken(_) | UserError::LastAdministrator => {
                Problem::Conflict(problem.to_string()).into()
            }
            UserError::NoGroup(_) => Problem::field("groups", &problem).into(),
            UserError::ChangedMeanwhile => Problem::ChangedMeanwhile.into(),
        }
    }
}

impl From<EditError> for Failed {
    fn from(problem: EditError) -> Self {
        match problem {
            EditError::NeverListed(problem) => Problem::field("list_from", &problem).into(),
            EditError::Catalog(problem) => problem.into(),
        }
    }
}

impl From<RemoveError> for Failed {
    fn from(problem: RemoveError) -> Self {
        match problem {
            RemoveError::Kept(..) => Problem::Conflict(problem.to_string()).into(),
            RemoveError::Store(problem) => Problem::log(problem).into(),
            RemoveError::Catalog(problem) => problem.into(),
        }
    }
}
