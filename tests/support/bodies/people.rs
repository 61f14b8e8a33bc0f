//! Bodies of people in need, and of volunteers.

use super::*;

pub(super) fn lines() -> impl Strategy<Value = Vec<LotLine>> + Clone {
    vec((code(), quantity()).prop_map(|(item, quantity)| LotLine { item, quantity }), 1..6)
}

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let enrolled =
        (
            maybe(share, hash()),
            maybe(share, public_key()),
            maybe(share, names()),
            code(),
            token(),
            maybe(share, hash()),
            code(),
            maybe(share, integer()),
            word(RecipientType::ALL),
            maybe(share, hash()),
        )
            .prop_map(|(commitment, key, name, programme, recipient, reference, region, size, r#type, uniqueness)| {
                RecipientEnrolled { commitment, key, name, programme, recipient, reference, region, size, r#type, uniqueness }
            });
    let withdrawn = (word(WithdrawalReason::ALL), token()).prop_map(|(reason, recipient)| RecipientWithdrawn { reason, recipient });
    let need = (maybe(share, date()), lines(), token(), maybe(share, hash())).prop_map(|(due, lines, recipient, reference)| NeedRecorded {
        due,
        lines,
        recipient,
        reference,
    });
    let joined = (maybe(share, hash()), maybe(share, public_key()), token()).prop_map(|(commitment, key, volunteer)| VolunteerJoined {
        commitment,
        key,
        volunteer,
    });
    let service = (word(Activity::ALL), date(), integer(), maybe(share, code()), maybe(share, hash()), token()).prop_map(
        |(activity, day, minutes, programme, reference, volunteer)| ServiceRecorded {
            activity,
            day,
            minutes,
            programme,
            reference,
            volunteer,
        },
    );
    let recognition = (word(Award::ALL), token()).prop_map(|(award, volunteer)| RecognitionAwarded { award, volunteer });
    vec![
        enrolled.prop_map(Body::RecipientEnrolled).boxed(),
        withdrawn.prop_map(Body::RecipientWithdrawn).boxed(),
        need.prop_map(Body::NeedRecorded).boxed(),
        joined.prop_map(Body::VolunteerJoined).boxed(),
        service.prop_map(Body::ServiceRecorded).boxed(),
        recognition.prop_map(Body::RecognitionAwarded).boxed(),
    ]
}
