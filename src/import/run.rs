//! The loop: read a row, plan it, append in batches, count.

use std::io::{self, Read};

use crate::event::Time;
use crate::event::kinds::Kind;
use crate::import::plan::Planner;
use crate::import::report::{Outcome, Reject, Summary};
use crate::import::rows::{Row, Rows, RowsError};
use crate::rules::Rejection;
use crate::service::Ledger;
use crate::service::ledger::{AppendError, Placed};

/// Events a batch has before it is appended: one sync a batch, and little to repeat after a crash.
pub const BATCH_EVENTS: usize = 512;

/// Why an import stops. What was appended stays; the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file changed under way.
    #[error("the file changed while it was read: {0}")]
    Rows(#[from] RowsError),
    /// Writing to the ledger failed.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The list of rejects could not be written.
    #[error("the list of rejected rows could not be written: {0}")]
    Rejects(io::Error),
    /// The ledger refused what its own rules had accepted before.
    #[error("the ledger refused a {kind} that was planned: {rejection}. Is another program writing to it?")]
    Refused {
        /// The event's kind.
        kind: Kind,
        /// Why.
        rejection: Box<Rejection>,
    },
}

/// What the loop tells and asks its surroundings.
pub trait Surroundings {
    /// The present time.
    fn now(&mut self) -> Time;
    /// A row was not taken.
    fn rejected(&mut self, row: &Row, reject: &Reject) -> io::Result<()>;
    /// A row is done with.
    fn advanced(&mut self, rows: u64);
}

/// Imports all rows. The planner must have begun with this ledger's state. Without a ledger nothing is appended: a rehearsal.
///
/// # Errors
/// [`RunError`].
pub fn run<R: Read>(
    mut ledger: Option<&mut Ledger>,
    planner: &mut Planner<'_>,
    rows: &mut Rows<R>,
    surroundings: &mut dyn Surroundings,
) -> Result<Summary, RunError> {
    let header = rows.header().clone();
    let mut summary = Summary::default();
    let mut row = Row::default();
    // One time a batch, and never before what the ledger recorded last: the planner must judge as the ledger will.
    let recorded = |ledger: &Option<&mut Ledger>| ledger.as_ref().map_or(Time(0), |ledger| ledger.chain().recorded);
    let mut now = surroundings.now().max(recorded(&ledger));
    while rows.next_into(&mut row)? {
        let outcome = planner.row(&header, &row, now);
        summary.count(&outcome);
        if let Outcome::Rejected(reject) = &outcome {
            surroundings.rejected(&row, reject).map_err(RunError::Rejects)?;
        }
        if planner.pending() >= BATCH_EVENTS {
            append(ledger.as_deref_mut(), planner, now)?;
            now = surroundings.now().max(recorded(&ledger));
        }
        surroundings.advanced(summary.rows);
    }
    append(ledger, planner, now)?;
    summary.events = planner.events().clone();
    summary.assert_complete();
    Ok(summary)
}

fn append(ledger: Option<&mut Ledger>, planner: &mut Planner<'_>, now: Time) -> Result<(), RunError> {
    let (events, submissions): (Vec<_>, Vec<_>) =
        planner.take_pending().into_iter().map(|pending| ((pending.id, pending.kind), pending.bytes)).unzip();
    let Some(ledger) = ledger.filter(|_| !submissions.is_empty()) else {
        return Ok(());
    };
    for (placed, (id, kind)) in ledger.append_without_proofs(&submissions, now)?.into_iter().zip(events) {
        match placed {
            Placed::New(_, placed, _) | Placed::Known(_, placed) => assert_eq!(placed, id, "the ledger names an event as its author does"),
            Placed::Rejected(rejection) => return Err(RunError::Refused { kind, rejection: Box::new(rejection) }),
        }
    }
    Ok(())
}
