//! The texts of the administration: a file for each of its pages, with both languages side by side.

mod audit;
mod frame;
mod overview;
mod refused;

pub(in crate::site) use audit::AuditTexts;
pub(in crate::site) use frame::AdminFrameTexts;
pub(in crate::site) use overview::OverviewTexts;
pub(in crate::site) use refused::RefusedTexts;

/// The texts of the administration in a language.
pub(in crate::site) struct AdminTexts {
    pub(in crate::site) frame: AdminFrameTexts,
    pub(in crate::site) refused: RefusedTexts,
    pub(in crate::site) overview: OverviewTexts,
    pub(in crate::site) audit: AuditTexts,
}

#[cfg(test)]
impl AdminTexts {
    /// Each text by its name, with how many values it takes.
    pub(super) fn all(&self) -> Vec<(String, Vec<&'static str>, usize)> {
        [self.frame.all(), self.refused.all(), self.overview.all(), self.audit.all()]
            .into_iter()
            .flatten()
            .collect()
    }
}

pub(super) const ENGLISH: AdminTexts = AdminTexts {
    frame: frame::ENGLISH,
    refused: refused::ENGLISH,
    overview: overview::ENGLISH,
    audit: audit::ENGLISH,
};

pub(super) const RUSSIAN: AdminTexts = AdminTexts {
    frame: frame::RUSSIAN,
    refused: refused::RUSSIAN,
    overview: overview::RUSSIAN,
    audit: audit::RUSSIAN,
};
