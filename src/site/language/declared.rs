//! How groups of texts are declared.

/// Declares texts that belong together, and how tests go through them.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $($field:ident: $kind:ty,)+ }) => {
        $(#[$about])*
        pub(in crate::site) struct $name {
            $(pub(in crate::site) $field: $kind,)+
        }

        #[cfg(test)]
        impl $name {
            /// Each text by its name, with how many values it takes.
            pub(in crate::site::language) fn all(&self) -> Vec<(String, Vec<&'static str>, usize)> {
                let name = |field| format!("{}::{field}", stringify!($name));
                vec![$((name(stringify!($field)), self.$field.written(), self.$field.places()),)+]
            }
        }
    };
}

pub(super) use texts;
