//! Bodies of control.

use super::*;

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let approval =
        (maybe(share, event_id()), maybe(share, hash()), event_id(), any::<bool>()).prop_map(|(assignment, draft, some, first)| {
            // One at least is there: an object without members has no place in a document.
            match (assignment, draft) {
                (None, None) if first => ApprovalGiven { assignment: Some(some), draft: None },
                (None, None) => ApprovalGiven { assignment: None, draft: Some(some.0) },
                (assignment, draft) => ApprovalGiven { assignment, draft },
            }
        });
    let shares = (integer(), integer());
    let sample = (shares, integer(), integer(), word(SampleMethod::ALL), integer(), hash()).prop_map(
        |((confidence_permille, tolerable_permille), drawn, failed, method, population, seed)| Sample {
            confidence_permille,
            drawn,
            failed,
            method,
            population,
            seed,
            tolerable_permille,
        },
    );
    let attested = (word(Conclusion::ALL), maybe(share, code()), maybe(share, hash()), hash(), maybe(share, sample), integer()).prop_map(
        |(conclusion, programme, report, root, sample, size)| AuditAttested { conclusion, programme, report, root, sample, size },
    );
    let reversed = (event_id(), word(ReversalReason::ALL)).prop_map(|(event, reason)| EventReversed { event, reason });
    vec![
        approval.prop_map(Body::ApprovalGiven).boxed(),
        attested.prop_map(Body::AuditAttested).boxed(),
        reversed.prop_map(Body::EventReversed).boxed(),
    ]
}
