//! The catalogue of checks: one file each, one line here.
//!
//! A check counts and explains; whether a single key is concerned is its [`CheckFact::concerns`],
//! which `events --finding` asks too. `docs/findings.md` has a section for each code.

mod bots;
mod browser_leg_only;
mod campaign_config;
mod catalogue;
mod clock_running_out;
mod consent_denied_but_sent;
mod content_details_missing;
mod content_differs;
mod content_id_missing;
mod content_id_not_text;
mod content_type_not_product;
mod contents_missing;
mod currency_lowercase;
mod currency_missing;
mod currency_unsupported;
mod digest_not_sha256;
mod digest_of_nothing;
mod digest_uppercase;
mod email_missing;
mod email_not_captured_before_paywall;
mod email_not_forwarded;
mod email_unusable;
mod event_id_missing;
mod event_id_per_session;
mod event_id_shared;
mod event_in_future;
mod event_name_invalid;
mod event_name_legacy;
mod excluded_but_sent;
mod excluded_share_jump;
mod excluded_with_ttclid;
mod external_id_changes;
mod external_id_hash_differs;
mod external_id_unusable;
mod flawed;
mod hash_double;
mod hash_not_normalised;
mod ids_differ_between_legs;
mod ip_is_list;
mod ip_not_public;
mod ip_shared;
pub(super) mod known;
mod lead_and_registration_together;
mod legs_over_48h_apart;
mod legs_over_5min_apart;
mod limited_data_use_as_text;
mod limited_data_use_without_ip;
mod lines_unusable;
mod match_keys_dropped;
mod match_keys_not_forwarded;
mod memo;
mod name_unmapped;
mod names_differ;
mod never_sent;
mod no_match_key;
pub(super) mod no_receipt_log;
mod num_items_differ;
mod orphan_receipts;
mod outcome_unknown;
mod outcome_unverified;
mod page_url_missing;
mod page_url_relative;
mod pair_rate_low;
mod pairs;
mod past_the_clock;
mod personal_data_sent_in_clear;
mod phone_hashed_without_plus;
mod phone_unusable;
mod phone_without_country_code;
mod pixel_differs;
pub(super) mod possibly_double;
mod refusals;
mod refused_invalid;
mod refused_token;
mod renewals_as_purchases;
mod rules;
mod sender_believes_delivered;
mod sent_again_after_48h;
mod sent_digest_wrong;
mod sent_external_id_differs;
mod sent_late;
mod sent_to_two_pixels;
mod sent_ttclid_changed;
mod sent_twice;
mod sent_value_differs;
mod server_leg_only;
mod server_leg_silent;
mod subscription_value_not_sent;
mod test_code_in_production;
mod throttled_not_retried;
mod ttclid_lost_after_landing;
mod ttclid_never_arrived;
mod ttclid_not_forwarded;
mod ttclid_respelled;
mod ttclid_stale;
mod ttclid_truncated;
mod ttclid_unusable;
mod ttp_missing;
mod ttp_unusable;
mod user_agent_library;
mod user_agent_missing;
mod user_field_misnamed;
mod value_as_text;
mod value_differs_from_contents;
mod value_missing;
pub(super) mod value_not_creditable;
mod value_not_number;
mod value_zero;
mod words;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use crate::domain::{Finding, Severity};

use super::CheckFact;

pub use catalogue::CHECKS;
pub use memo::Common;
pub(super) use memo::Memo;
pub use pairs::ByName;
pub use rules::ByRules;

/// The way to a pixel's token in TikTok's own pages, as the integration's page gives it.
macro_rules! events_api_path {
    () => {
        "Events Manager → Web Events → the pixel → Settings → Events API"
    };
}
use events_api_path;

/// A finding of a check, in the check's own words and with this data's counts.
fn finding(fact: &CheckFact, events: u64, summary: String, evidence: Vec<String>) -> Finding {
    let CheckFact { code, severity, title: _, causes: _, fix, fix_command, concerns: _, make: _ } = fact;
    Finding {
        code,
        severity: *severity,
        events,
        summary,
        evidence,
        fix: (*fix).to_owned(),
        fix_command: (*fix_command).to_owned(),
    }
}

/// Conversions among the lost, or a share of one in twenty, keep the worst severity; less is medium.
fn severity_of_loss(purchases: u64, lost: u64, of: u64) -> Severity {
    if purchases > 0 || lost.saturating_mul(20) >= of { Severity::High } else { Severity::Medium }
}

/// A match key that lacks on one event in twenty or more weakens matching; less is worth knowing.
fn severity_of_lack(lacking: u64, of: u64) -> Severity {
    if lacking.saturating_mul(20) >= of { Severity::Medium } else { Severity::Low }
}
