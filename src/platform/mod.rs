//! What the operating system gives, and knows no word of the domain: whom a process acts for, and how
//! files are opened that others may have put there.

#[cfg(test)]
mod cannot_run;
pub mod files;
pub mod privilege;

#[cfg(test)]
pub(crate) use cannot_run::cannot_run;
