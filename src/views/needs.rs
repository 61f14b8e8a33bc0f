//! What people lack, and how much of it was served (spec section 12.6).
//!
//! ```text
//! need/<64 hex>               {"due":"2026-01-31","entry":40,"lines":[{"item":"rice","needed":"15.000","served":"10.000"}],"programme":"winter","recipient":"<32 hex>","region":"north"}
//! coverage/rice/winter/north  {"needed":"900.000","needs":80,"open":21,"served":"640.000"}
//! ```
//!
//! A delivery serves the need that its assignment names, else the recipient's needs of the item, oldest first; see `rules::help`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::canonical::Canonical;
use crate::crypto::hex_encode_into;
use crate::event::kinds::Kind;
use crate::event::{Code, Date, Token};
use crate::record;
use crate::rules::state::{ItemIx, NeedIx, ProgrammeIx, RegionIx, Served};
use crate::rules::{Accepted, Change, State};
use crate::views::ViewName;
use crate::views::rows::RowSet;
use crate::views::table::{Amount, Key, LongList, Slot, Stored, StoredError, Table};

record! {
    /// An item that is needed.
    pub struct NeededLine { item: Code, needed: Amount, served: Amount }
}

record! {
    /// A need as it stands.
    pub struct NeedRow {
        due: Option<Date>,
        /// The entry that recorded it.
        entry: u64,
        lines: LongList<NeededLine>,
        programme: Code,
        recipient: Token,
        region: Code,
        /// Present and true if it was reversed.
        reversed: Option<bool>,
    }
}

record! {
    /// How much of an item is needed in a programme and region by needs that stand.
    pub struct Coverage {
        needed: Amount,
        /// Lines of needs.
        needs: u64,
        /// Those that are not served in full.
        open: u64,
        served: Amount,
    }
}

/// Where an item is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoverageKey {
    item: ItemIx,
    programme: ProgrammeIx,
    region: RegionIx,
}

impl Key for CoverageKey {
    const VIEW: ViewName = ViewName::Needs;
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        let (item, programme) = (state.items.code(self.item.0), state.programmes.code(self.programme.0));
        out.extend_from_slice(format!("coverage/{item}/{programme}/{}", state.regions.code(self.region.0)).as_bytes());
    }
    fn slot(&self, _: &State) -> Slot {
        Slot::Own
    }
}

/// The row of a need.
pub fn row(need: NeedIx, state: &State) -> NeedRow {
    let need = &state.needs[need.at()];
    let recipient = &state.recipients[need.recipient.at()];
    let lines = need.lines.iter().map(|line| {
        let amount = |minor: u64| Amount { minor: i128::from(minor), decimals: state.items.at(line.item.0).decimals };
        NeededLine { item: state.items.code(line.item.0), needed: amount(line.quantity), served: amount(line.served) }
    });
    NeedRow {
        due: need.due,
        entry: u64::from(need.entry),
        lines: LongList(lines.collect()),
        programme: state.programmes.code(recipient.programme.0),
        recipient: recipient.token,
        region: state.regions.code(recipient.region.0),
        reversed: need.reversed.then_some(true),
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Needs {
    changed: FxHashSet<NeedIx>,
    coverage: Table<CoverageKey, Coverage>,
}

impl Needs {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        match &accepted.change {
            Change::NeedRecorded { .. } => self.recorded(NeedIx(state.needs.len() as u32 - 1), 1, state, stored),
            Change::DeliveryMade { served, .. } => self.served(served, 1, state, stored),
            Change::EventReversed { subject } => {
                let made = state.made[*subject as usize];
                match made.kind {
                    Kind::NeedRecorded => self.recorded(NeedIx(made.place), -1, state, stored),
                    Kind::DeliveryMade => self.served(&state.deliveries[made.place as usize].served, -1, state, stored),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// A need came or was taken back; nothing of it is served then.
    fn recorded(&mut self, place: NeedIx, sign: i64, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        self.changed.insert(place);
        for line in &state.needs[place.at()].lines {
            let row = self.coverage_row(place, line.item, state, stored)?;
            row.needed.minor += i128::from(sign) * i128::from(line.quantity);
            row.needs = row.needs.checked_add_signed(sign).expect("a need is reversed once");
            row.open = row.open.checked_add_signed(sign).expect("a need that is reversed is open");
        }
        Ok(())
    }

    fn served(&mut self, parts: &[Served], sign: i64, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        if parts.is_empty() {
            return Ok(());
        }
        // A delivery may serve one line with several draws.
        let mut sums: FxHashMap<(NeedIx, u16), u64> = FxHashMap::default();
        for part in parts {
            *sums.entry((part.need, part.line)).or_default() += part.quantity;
        }
        for ((need, number), quantity) in sums {
            self.changed.insert(need);
            let line = state.needs[need.at()].lines[usize::from(number)];
            let row = self.coverage_row(need, line.item, state, stored)?;
            row.served.minor += i128::from(sign) * i128::from(quantity);
            // It was open before and is full now, or the other way round.
            let turned = if sign > 0 { line.served == line.quantity } else { line.served + quantity == line.quantity };
            if turned {
                row.open = row.open.checked_add_signed(-sign).expect("a line closes once and opens once");
            }
        }
        Ok(())
    }

    fn coverage_row(
        &mut self,
        need: NeedIx,
        item: ItemIx,
        state: &State,
        stored: Option<&dyn Stored>,
    ) -> Result<&mut Coverage, StoredError> {
        let recipient = &state.recipients[state.needs[need.at()].recipient.at()];
        let zero = Amount::zero(state.items.at(item.0).decimals);
        let key = CoverageKey { item, programme: recipient.programme, region: recipient.region };
        self.coverage.row(key, state, stored, || Coverage { needed: zero, needs: 0, open: 0, served: zero })
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.changed.len() + self.coverage.changed_len());
        for need in std::mem::take(&mut self.changed) {
            let entry = state.needs[need.at()].entry;
            let write_key = |out: &mut Vec<u8>| {
                out.extend_from_slice(b"need/");
                hex_encode_into(&state.ids.at(entry).0.0, out);
            };
            changes.push(Slot::of_entry(entry), write_key, |out| row(need, state).write(out));
        }
        self.coverage.take_changed(|key, row| changes.push(key.slot(state), |out| key.write(state, out), |out| row.write(out)));
        changes
    }
}
