//! Bodies of help, and of what others say of it.

use super::*;

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let slip = "[0-9A-Z]{16,64}".prop_map(SlipCode);
    let assignment = (draws(), maybe(share, date()), maybe(share, hash()), maybe(share, event_id()), code(), token(), maybe(share, hash()))
        .prop_map(|(draws, due, lock, need, programme, recipient, reference)| AssignmentMade {
            draws,
            due,
            lock,
            need,
            programme,
            recipient,
            reference,
        });
    let cancelled = (event_id(), word(CancellationReason::ALL)).prop_map(|(assignment, reason)| AssignmentCancelled { assignment, reason });
    let delivery = (event_id(), maybe(share, slip), draws(), maybe(share, hash()), maybe(share, hash()))
        .prop_map(|(assignment, code, draws, evidence, reference)| DeliveryMade { assignment, code, draws, evidence, reference });
    let failed = (event_id(), word(FailureReason::ALL)).prop_map(|(assignment, reason)| DeliveryFailed { assignment, reason });
    let confirmed = (event_id(), maybe(share, hash())).prop_map(|(delivery, evidence)| DeliveryConfirmed { delivery, evidence });
    let disputed = (event_id(), word(DisputeReason::ALL), maybe(share, signature()))
        .prop_map(|(delivery, reason, signature)| DeliveryDisputed { delivery, reason, signature });
    let answered = (word(DisputeAnswer::ALL), event_id(), maybe(share, hash()), maybe(share, code()), word(AnswerReason::ALL))
        .prop_map(|(answer, event, evidence, flag, reason)| DisputeAnswered { answer, event, evidence, flag, reason });
    vec![
        assignment.prop_map(Body::AssignmentMade).boxed(),
        cancelled.prop_map(Body::AssignmentCancelled).boxed(),
        delivery.prop_map(Body::DeliveryMade).boxed(),
        failed.prop_map(Body::DeliveryFailed).boxed(),
        confirmed.prop_map(Body::DeliveryConfirmed).boxed(),
        disputed.prop_map(Body::DeliveryDisputed).boxed(),
        answered.prop_map(Body::DisputeAnswered).boxed(),
    ]
}
