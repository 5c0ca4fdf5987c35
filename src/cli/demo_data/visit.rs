//! One visitor's way through the quiz.

use crate::domain::TimeMs;

use super::random::Random;

/// A campaign of the made-up company.
#[derive(Clone, Copy, Default)]
pub(super) struct Campaign {
    pub(super) id: &'static str,
    pub(super) funnel: &'static str,
    pub(super) source: &'static str,
    pub(super) referrer: &'static str,
    pub(super) currency: &'static str,
    /// Of a thousand visits, so many arrive with a click id.
    clicks_per_mille: u64,
}

const TIKTOK: &str = "https://www.tiktok.com/";

/// Twelve of fourteen visits come from TikTok. Campaign 18 runs through a link shortener that drops
/// the query; campaign 21 says facebook, but some of its visitors bring a click id of TikTok's.
const CAMPAIGNS: [Campaign; 14] = [
    campaign("12", "46", "USD", 985),
    campaign("12", "46", "USD", 985),
    campaign("12", "46", "USD", 985),
    campaign("12", "46", "USD", 985),
    campaign("14", "46", "EUR", 985),
    campaign("14", "46", "EUR", 985),
    campaign("14", "46", "EUR", 985),
    campaign("17", "47", "GBP", 985),
    campaign("17", "47", "GBP", 985),
    campaign("19", "47", "USD", 985),
    campaign("19", "47", "USD", 985),
    campaign("18", "47", "USD", 700),
    Campaign { source: "facebook", referrer: "https://l.facebook.com/", ..campaign("21", "46", "USD", 120) },
    Campaign { source: "organic", referrer: "https://www.google.com/", ..campaign("25", "47", "EUR", 0) },
];

const fn campaign(
    id: &'static str,
    funnel: &'static str,
    currency: &'static str,
    clicks_per_mille: u64,
) -> Campaign {
    Campaign { id, funnel, source: "tiktok", referrer: TIKTOK, currency, clicks_per_mille }
}

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_39.6.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.81 Mobile Safari/537.36 trill_380603",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
];

const FIRST_NAMES: [&str; 8] =
    ["anna", "maria", "j.smith", "li.wei", "sam", "chloe", "d.kowalski", "o.brien"];

/// First octets under which every address is a public one.
const NETWORKS: [u64; 12] = [24, 31, 47, 62, 68, 73, 78, 84, 89, 95, 107, 142];

/// The goods: content id, name, price in the campaign's currency.
const PLANS: [(&str, &str, &str); 3] = [
    ("plan_1m", "1 month plan", "19.99"),
    ("plan_3m", "3 month plan", "39.90"),
    ("plan_1w", "1 week trial plan", "9.99"),
];

/// A step of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Landing,
    Question(u64),
    Lead,
    Email,
    Paywall,
    Checkout,
    Method,
    Failed,
    Paid,
    Trial,
    Subscribed,
}

impl Step {
    /// The funnel's name, TikTok's name and the page.
    pub(super) const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Landing => ("page_view", "PageView", "start"),
            Self::Question(_) => ("page_completed", "PageCompleted", "question"),
            Self::Lead => ("lead", "Lead", "result"),
            Self::Email => ("email_captured", "CompleteRegistration", "email"),
            Self::Paywall => ("page_view", "PageView", "paywall"),
            Self::Checkout => ("checkout_presented", "InitiateCheckout", "checkout"),
            Self::Method => ("payment_method_added", "AddPaymentInfo", "checkout"),
            Self::Failed => ("payment_failed", "PaymentFailed", "checkout"),
            Self::Paid => ("payment_succeeded", "CompletePayment", "thanks"),
            Self::Trial => ("trial_started", "StartTrial", "thanks"),
            Self::Subscribed => ("subscription_started", "Subscribe", "thanks"),
        }
    }

    /// Whether it happens on the payment pages, which have a host of their own.
    pub(super) const fn is_on_pay_host(self) -> bool {
        match self {
            Self::Checkout | Self::Method | Self::Failed | Self::Paid | Self::Trial | Self::Subscribed => {
                true
            }
            Self::Landing | Self::Question(_) | Self::Lead | Self::Email | Self::Paywall => false,
        }
    }
}

/// A visitor, with everything that the records of one visit share.
pub(super) struct Visit {
    pub(super) start: TimeMs,
    pub(super) id: [u8; 16],
    pub(super) campaign: Campaign,
    /// `E.C.P.…`, or nothing.
    pub(super) ttclid: Vec<u8>,
    pub(super) ttp: Vec<u8>,
    pub(super) ip: [u64; 4],
    pub(super) agent: &'static str,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) plan: (&'static str, &'static str, &'static str),
    /// The payment pages lose the click id on the way.
    pub(super) loses_click: bool,
    /// The payment pages lose the address on the way.
    pub(super) loses_email: bool,
    pub(super) steps: Vec<Step>,
}

impl Visit {
    pub(super) fn new(random: &mut Random, start: TimeMs) -> Self {
        let campaign = random.pick(&CAMPAIGNS);
        let mut ttclid = Vec::new();
        if random.chance(campaign.clicks_per_mille) {
            ttclid.extend_from_slice(b"E.C.P.");
            random.push_text(48, &mut ttclid);
        }
        let mut ttp = Vec::new();
        if random.chance(850) {
            random.push_text(27, &mut ttp);
        }
        let phone = random.chance(80).then(|| format!("+1415555{:04}", 100 + random.below(100)));
        Self {
            start,
            id: random.uuid(),
            campaign,
            ttclid,
            ttp,
            ip: [random.pick(&NETWORKS), random.below(256), random.below(256), 1 + random.below(254)],
            agent: random.pick(&AGENTS),
            email: format!("{}{}@example.com", random.pick(&FIRST_NAMES), random.below(10_000_000)),
            phone,
            plan: random.pick(&PLANS),
            loses_click: random.chance(70),
            loses_email: random.chance(30),
            steps: steps(random),
        }
    }
}

/// How far the visitor comes, and in which order.
fn steps(random: &mut Random) -> Vec<Step> {
    let mut steps = vec![Step::Landing];
    if !random.chance(880) {
        return steps;
    }
    steps.extend((0..=random.below(4)).map(Step::Question));
    if !random.chance(760) {
        return steps;
    }
    steps.push(Step::Lead);
    let email_is_late = random.chance(60);
    if !email_is_late && random.chance(900) {
        steps.push(Step::Email);
    }
    if !random.chance(680) {
        return steps;
    }
    steps.extend([Step::Paywall, Step::Checkout]);
    if email_is_late {
        steps.push(Step::Email);
    }
    if random.chance(620) {
        steps.push(Step::Method);
        pay(random, &mut steps);
    }
    steps
}

fn pay(random: &mut Random, steps: &mut Vec<Step>) {
    if random.chance(160) {
        steps.push(Step::Failed);
        if !random.chance(450) {
            return;
        }
    }
    match random.below(100) {
        0..15 => steps.push(Step::Trial),
        15..75 => steps.extend([Step::Paid, Step::Subscribed]),
        _ => steps.push(Step::Paid),
    }
}
