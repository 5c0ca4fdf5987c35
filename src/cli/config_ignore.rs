//! `[[ignore]]` of the config: findings that somebody decided to live with, until a day.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::audit::CHECKS;
use crate::domain::{CampaignId, IgnorePolicy, Policy, calendar};
use crate::tiktok::event_map;

use super::config_error::{ConfigError, Source};
use super::finding_code::code_hint;

/// One `[[ignore]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IgnoreTable {
    code: Option<Spanned<String>>,
    campaign: Option<Spanned<String>>,
    event: Option<Spanned<String>>,
    reason: Spanned<String>,
    until: Spanned<Value>,
}

impl IgnoreTable {
    /// Reads it; `zone` is where its last day ends.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub(super) fn read(
        &self,
        source: &Source<'_>,
        policy: &Policy,
        zone: Tz,
    ) -> Result<IgnorePolicy, ConfigError> {
        let Self { code, campaign, event, reason, until } = self;
        if code.is_none() && campaign.is_none() && event.is_none() {
            return Err(source.at(reason, "this ignores everything; add code, campaign or event"));
        }
        if reason.get_ref().trim().is_empty() {
            return Err(
                source.at(reason, "reason is blank; say why this is no fault, for whoever reads it next")
            );
        }
        let code = code.as_ref().map(|code| known_code(source, code)).transpose()?;
        let campaign = campaign.as_ref().map(|id| {
            CampaignId::parse(id.get_ref()).map_err(|error| source.at(id, format!("campaign {error}")))
        });
        let event = event.as_ref().map(|name| {
            event_map::resolve(name.get_ref(), &policy.names)
                .map_err(|_| source.at(name, "no TikTok event goes by this name"))
        });
        let last = date(until.get_ref())
            .and_then(|last| calendar::midnight(last.succ_opt()?, zone))
            .ok_or_else(|| source.at(until, "until must be its last day, such as 2026-12-31"))?;
        Ok(IgnorePolicy {
            code,
            campaign: campaign.transpose()?,
            event: event.transpose()?,
            reason: reason.get_ref().trim().into(),
            until: last,
        })
    }
}

fn known_code(source: &Source<'_>, code: &Spanned<String>) -> Result<&'static str, ConfigError> {
    if let Some(check) = CHECKS.iter().find(|check| check.code == code.get_ref()) {
        return Ok(check.code);
    }
    let mut wrong = source.at(code, "there is no finding with this code");
    wrong.hint = Some(code_hint(code.get_ref()));
    Err(wrong)
}

/// A day, with or without quotes.
fn date(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Datetime(at) if at.time.is_none() => at.to_string().parse().ok(),
        Value::Datetime(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::config;
    use crate::cli::config_error::Source;
    use crate::domain::IgnorePolicy;

    fn read(text: &str) -> Result<Vec<IgnorePolicy>, String> {
        let read = config::read(&Source { path: "makegood.toml".as_ref(), text });
        read.map(|config| config.policy.ignores).map_err(|error| format!("{error} {:?}", error.hint))
    }

    #[test]
    fn an_ignore_ends_with_its_last_day_in_the_configs_zone() {
        let text = "timezone = \"Europe/Berlin\"\n[[ignore]]\ncode = \"never-sent\"\nevent = \"purchase\"\n\
                    reason = \"known\"\nuntil = 2026-12-31\n";
        let ignores = read(text).unwrap();
        assert_eq!(ignores[0].code, Some("never-sent"));
        assert_eq!(ignores[0].event.as_ref().unwrap().as_str(), "CompletePayment");
        assert_eq!(ignores[0].until.to_string(), "2026-12-31T23:00:00Z");
        assert_eq!(read(&text.replace("2026-12-31", "\"2026-12-31\"")).unwrap()[0].until, ignores[0].until);
    }

    #[test]
    fn an_ignore_without_reason_or_end_is_an_error() {
        for (text, want) in [
            ("code = \"never-sent\"\nuntil = 2026-12-31", "missing field `reason`"),
            ("code = \"never-sent\"\nreason = \"x\"", "missing field `until`"),
            ("code = \"never-sent\"\nreason = \" \"\nuntil = 2026-12-31", "reason is blank"),
            ("code = \"never-sent\"\nreason = \"x\"\nuntil = \"soon\"", "its last day"),
            ("code = \"never-sent\"\nreason = \"x\"\nuntil = 2026-12-31T10:00:00", "its last day"),
            ("code = \"never-snt\"\nreason = \"x\"\nuntil = 2026-12-31", "did you mean `never-sent`?"),
            ("reason = \"x\"\nuntil = 2026-12-31", "ignores everything"),
            ("event = \"Nope\"\nreason = \"x\"\nuntil = 2026-12-31", "no TikTok event"),
        ] {
            let error = read(&format!("[[ignore]]\n{text}\n")).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
