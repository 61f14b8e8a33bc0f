//! Bodies of the kinds beyond gift, assignment and delivery, and ways of being wrong that only they have.

use super::*;

/// Name, kind, body; those that end in `-bare` are without their optional members.
pub fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let id = |word: &str| blake(word);
    let lot = format!("{}.0", id("gift"));
    let draws = json!([{"lot": lot, "quantity": "1.5"}]);
    let lines = json!([{"item": "rice", "quantity": "1.5"}]);
    let donor = json!({"type": "anonymous"});
    let hash = id("evidence");
    let signature = "ab".repeat(64);
    let bought = json!([{"cost": "9.00", "item": "rice", "quantity": "1.5"}]);
    let sample = json!({"confidence_permille": 950, "drawn": 59, "failed": 0, "method": "equal", "population": 1000, "seed": id("seed"),
        "tolerable_permille": 50});
    let policy = json!({"approvals": [{"approvals": 2, "from": "1000.00", "item": "KZT"}], "days_back": 30, "idle_days": 90, "organization": "fund",
        "overhead_permille": 70, "requires": ["evidence", "lock"], "reversal_approvals": 1, "rules": 1, "separate": ["assign-deliver"], "small_cell": 5});
    vec![
        ("policy-changed", "policy.changed", policy),
        ("policy-changed-bare", "policy.changed", json!({"rules": 1})),
        ("recipient-withdrawn", "recipient.withdrawn", json!({"reason": "not-eligible", "recipient": TOKEN})),
        ("need-recorded", "need.recorded", json!({"due": "2026-02-01", "lines": lines, "recipient": TOKEN, "reference": hash})),
        ("need-recorded-bare", "need.recorded", json!({"lines": lines, "recipient": TOKEN})),
        ("donation-pledged", "donation.pledged", json!({"donor": donor, "due": "2026-02-01", "lines": lines, "reference": hash})),
        ("donation-pledged-bare", "donation.pledged", json!({"donor": donor, "lines": lines})),
        (
            "donation-received-of-pledge",
            "donation.received",
            json!({"donor": donor, "lots": lines, "pledge": id("pledge"), "receipt": id("receipt")}),
        ),
        (
            "donation-returned",
            "donation.returned",
            json!({"donation": id("gift"), "draws": draws, "reason": "donor-request", "reference": hash}),
        ),
        ("donation-returned-bare", "donation.returned", json!({"donation": id("gift"), "draws": draws, "reason": "donor-request"})),
        (
            "purchase-made",
            "purchase.made",
            json!({"draws": draws, "evidence": hash, "lots": bought, "reference": hash, "supplier": id("shop")}),
        ),
        ("purchase-made-bare", "purchase.made", json!({"draws": draws, "lots": bought})),
        (
            "transfer-sent",
            "transfer.sent",
            json!({"carrier": "truck-1", "draws": draws, "due": "2026-02-01", "reference": hash, "to": "kitchen", "waybill": "WB \"17\""}),
        ),
        ("transfer-sent-bare", "transfer.sent", json!({"draws": draws, "to": "kitchen"})),
        ("transfer-accepted", "transfer.accepted", json!({"draws": draws, "evidence": hash, "reference": hash, "transfer": id("van")})),
        ("transfer-accepted-bare", "transfer.accepted", json!({"transfer": id("van")})),
        (
            "expense-paid",
            "expense.paid",
            json!({"draws": draws, "evidence": hash, "programme": "winter", "purpose": "bank-fees", "reference": hash, "region": "north"}),
        ),
        ("expense-paid-bare", "expense.paid", json!({"draws": draws, "purpose": "transport"})),
        ("loss-recorded", "loss.recorded", json!({"draws": draws, "evidence": hash, "reason": "spoiled", "reference": hash})),
        ("loss-recorded-bare", "loss.recorded", json!({"draws": draws, "reason": "spoiled"})),
        ("stock-counted", "stock.counted", json!({"counts": lines, "evidence": hash, "reference": hash})),
        ("stock-counted-bare", "stock.counted", json!({"counts": lines})),
        (
            "assignment-made-for-need",
            "assignment.made",
            json!({"draws": draws, "need": id("need"), "programme": "winter", "recipient": TOKEN}),
        ),
        (
            "recipient-enrolled-with-key",
            "recipient.enrolled",
            json!({"key": public(OFFICE), "programme": "winter", "recipient": TOKEN, "region": "north", "type": "person"}),
        ),
        ("delivery-failed", "delivery.failed", json!({"assignment": id("parcel"), "reason": "not-home"})),
        ("delivery-confirmed", "delivery.confirmed", json!({"delivery": id("visit"), "evidence": hash})),
        ("delivery-confirmed-bare", "delivery.confirmed", json!({"delivery": id("visit")})),
        ("delivery-disputed", "delivery.disputed", json!({"delivery": id("visit"), "reason": "bad-quality", "signature": signature})),
        ("delivery-disputed-bare", "delivery.disputed", json!({"delivery": id("visit"), "reason": "bad-quality"})),
        (
            "dispute-answered",
            "dispute.answered",
            json!({"answer": "explained", "event": id("visit"), "evidence": hash, "flag": "at-night", "reason": "night-shift"}),
        ),
        ("dispute-answered-bare", "dispute.answered", json!({"answer": "accepted", "event": id("dispute"), "reason": "corrected"})),
        ("approval-given-of-assignment", "approval.given", json!({"assignment": id("parcel")})),
        ("approval-given-of-draft", "approval.given", json!({"draft": id("draft")})),
        (
            "audit-attested",
            "audit.attested",
            json!({"conclusion": "qualified", "programme": "winter", "report": id("report"), "root": id("root"), "sample": sample, "size": 4711}),
        ),
        ("audit-attested-bare", "audit.attested", json!({"conclusion": "disclaimer", "root": id("root"), "size": 1})),
        ("volunteer-joined", "volunteer.joined", json!({"commitment": hash, "key": public(PHONE), "volunteer": TOKEN})),
        ("volunteer-joined-bare", "volunteer.joined", json!({"volunteer": TOKEN})),
        (
            "service-recorded",
            "service.recorded",
            json!({"activity": "medical", "day": "2026-01-07", "minutes": 90, "programme": "winter", "reference": hash, "volunteer": TOKEN}),
        ),
        (
            "service-recorded-bare",
            "service.recorded",
            json!({"activity": "medical", "day": "2026-01-07", "minutes": 90, "volunteer": TOKEN}),
        ),
        ("recognition-awarded", "recognition.awarded", json!({"award": "deliveries-1000", "volunteer": TOKEN})),
    ]
}

/// Name, description, whose body, what stands there, what stands there instead.
pub fn wrong() -> Vec<(&'static str, &'static str, &'static str, &'static str, &'static str)> {
    vec![
        ("approval-of-nothing", "An object has a member.", "approval-given-of-assignment", "BODY", "{}"),
        (
            "arrived-empty-set",
            "If nothing arrived, the draws are left out.",
            "transfer-accepted-bare",
            "{\"transfer\"",
            "{\"draws\":[],\"transfer\"",
        ),
        ("purchase-line-without-cost", "Every line of a purchase has its cost.", "purchase-made", "\"cost\":\"9.00\",", ""),
        ("minutes-as-text", "Minutes are an integer.", "service-recorded", "\"minutes\":90", "\"minutes\":\"90\""),
        ("minutes-negative", "Minutes are not negative.", "service-recorded", "\"minutes\":90", "\"minutes\":-90"),
        ("award-unknown", "Awards are closed.", "recognition-awarded", "deliveries-1000", "deliveries-10"),
        ("separation-unknown", "Duties that are kept apart are closed.", "policy-changed", "assign-deliver", "deliver-assign"),
        ("requirements-descending", "A set ascends.", "policy-changed", "[\"evidence\",\"lock\"]", "[\"lock\",\"evidence\"]"),
        ("band-without-item", "Every band names its item.", "policy-changed", ",\"item\":\"KZT\"", ""),
        ("policy-without-rules", "A policy names the version of the rules.", "policy-changed", "\"rules\":1,", ""),
        (
            "sample-empty",
            "An optional object with nothing in it is left out.",
            "audit-attested-bare",
            "\"size\":1}",
            "\"sample\":{},\"size\":1}",
        ),
        ("waybill-blank", "A text is not blank.", "transfer-sent", "WB \\\"17\\\"", " "),
        ("dispute-signature-126-digits", "A signature has 128 digits.", "delivery-disputed", "\"signature\":\"abab", "\"signature\":\"ab"),
        ("loss-reason-of-returns", "A word of another vocabulary.", "loss-recorded", "spoiled", "surplus"),
    ]
}
