//! What is set over the configuration, in a policy snapshot.

use super::format::{Fault, Fields, Layout, NewSection, SWITCH_LEN, SWITCHES};
use super::record::TextAt;
use super::records::Records;
use super::texts::Texts;
use crate::catalog::{Switch, Switches};

/// The section of these. `None` when a count or an offset does not fit.
pub(super) fn section_of<'a>(switches: &'a Switches, texts: &mut Texts<'a>) -> Option<NewSection> {
    let mut bytes = Vec::new();
    for (switch, value) in switches.iter() {
        let place = Switch::ALL.iter().position(|known| *known == switch)?;
        bytes.extend(u32::try_from(place).ok()?.to_le_bytes());
        texts.place(value)?.write(&mut bytes);
    }
    Some(NewSection::of(SWITCHES, SWITCH_LEN, bytes))
}

/// Refuses a switch that this version does not know: it may keep clients out.
pub(super) fn are_understood(file: &[u8], layout: &Layout) -> Result<(), Fault> {
    let is_known = |record| number_of(record).is_some_and(|place| place < Switch::ALL.len());
    let all = Records::of(file, &layout.switches).iter().all(is_known);
    if all { Ok(()) } else { Err(Fault::Rule(SWITCHES)) }
}

/// What the section says.
pub(super) fn read(file: &[u8], layout: &Layout) -> Switches {
    let mut switches = Switches::default();
    for record in Records::of(file, &layout.switches).iter() {
        let mut fields = Fields(record);
        let switch = number_of(record).and_then(|place| Switch::ALL.get(place));
        let text = fields.u32().and_then(|_| TextAt::read(&mut fields));
        if let (Some(switch), Some(text)) = (switch, text) {
            switches.put(*switch, Some(text.of(file, layout).to_owned()));
        }
    }
    switches
}

fn number_of(record: &[u8]) -> Option<usize> {
    usize::try_from(Fields(record).u32()?).ok()
}
