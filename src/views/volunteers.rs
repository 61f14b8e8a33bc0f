//! Each volunteer with hours, deliveries and awards (spec section 12.8).
//!
//! ```text
//! <32 hex>   {"awards":["hours-10"],"deliveries":31,"entry":90,"minutes":1260,"organization":"kitchen"}
//! ```

use rustc_hash::FxHashSet;

use crate::canonical::Canonical;
use crate::crypto::hex_encode_into;
use crate::event::Code;
use crate::event::kinds::{Award, Kind};
use crate::record;
use crate::rules::state::VolunteerIx;
use crate::rules::{Accepted, Change, State};
use crate::views::rows::RowSet;
use crate::views::table::{LongList, Slot};

record! {
    /// What a volunteer did, by events that stand.
    pub struct VolunteerRow {
        /// In the order of the vocabulary. Absent where there is none.
        awards: Option<LongList<Award>>,
        /// Deliveries under the volunteer's key since it was named.
        deliveries: u64,
        /// The entry with which the volunteer joined.
        entry: u64,
        /// Of service.
        minutes: u64,
        organization: Code,
    }
}

/// The row of a volunteer.
pub fn row(volunteer: VolunteerIx, state: &State) -> VolunteerRow {
    let volunteer = &state.volunteers[volunteer.at()];
    let awards: Vec<Award> = Award::ALL.iter().copied().filter(|award| volunteer.awards & award.bit() != 0).collect();
    VolunteerRow {
        awards: (!awards.is_empty()).then_some(LongList(awards)),
        deliveries: volunteer.deliveries,
        entry: u64::from(volunteer.entry),
        minutes: volunteer.minutes,
        organization: state.organizations.code(volunteer.organization.0),
    }
}

/// The view. The rules keep what it shows, so the fold only notes which volunteers changed.
#[derive(Debug, Default)]
pub struct Volunteers {
    changed: FxHashSet<VolunteerIx>,
}

impl Volunteers {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State) {
        match &accepted.change {
            Change::VolunteerJoined { .. } => {
                self.changed.insert(VolunteerIx(state.volunteers.len() as u32 - 1));
            }
            Change::ServiceRecorded { volunteer, .. } | Change::RecognitionAwarded { volunteer, .. } => {
                self.changed.insert(*volunteer);
            }
            Change::DeliveryMade { .. } => self.changed.extend(state.volunteer_keys.get(&accepted.signer)),
            Change::EventReversed { subject } => {
                let made = state.made[*subject as usize];
                match made.kind {
                    Kind::ServiceRecorded => {
                        self.changed.insert(state.services[made.place as usize].volunteer);
                    }
                    Kind::RecognitionAwarded => {
                        self.changed.insert(state.recognitions[made.place as usize].0);
                    }
                    Kind::DeliveryMade => self.changed.extend(state.volunteer_keys.get(&made.signer)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.changed.len());
        for volunteer in std::mem::take(&mut self.changed) {
            let held = &state.volunteers[volunteer.at()];
            changes.push(Slot::of_entry(held.entry), |out| hex_encode_into(&held.token.0, out), |out| row(volunteer, state).write(out));
        }
        changes
    }
}
