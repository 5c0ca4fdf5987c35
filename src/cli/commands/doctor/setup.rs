//! Config, tokens, schedule.

use std::collections::BTreeMap;

use crate::cli::Context;
use crate::cli::command_line;
use crate::cli::commands::schedule;
use crate::cli::near::nearest;
use crate::cli::token::TokenSource;
use crate::domain::PixelCode;
use crate::report::escape;
use crate::tiktok::event_map;

use super::{Looked, failed, good, warning};

/// A config that cannot be read has ended the program before this.
pub(super) fn look(context: &Context<'_>) -> Looked {
    let mut looked = vec![config(context)];
    looked.extend(unknown_variables(context));
    looked.extend(near_names(context));
    for pixel in &context.settings.policy.pixels {
        looked.push(token(context, &pixel.id));
    }
    if context.settings.config.is_some() {
        looked.push(scheduled(context));
    }
    looked
}

fn config(context: &Context<'_>) -> (crate::report::Check, crate::cli::exit::Exit) {
    let settings = &context.settings;
    let Some(path) = &settings.config else {
        return warning(
            "config",
            "none found; audits of named files need none, sending does",
            "makegood init, or name one with --config",
        );
    };
    let shown = escape(&path.display().to_string()).into_owned();
    if settings.policy.pixels.is_empty() {
        return warning(
            "config",
            format!("{shown} names no [[pixel]], so nothing can be sent"),
            "add [[pixel]] with id and access_token_file",
        );
    }
    good("config", format!("{shown}, times in {}", settings.zone.name()))
}

/// A variable for an option that there is not: nothing else would ever say so.
fn unknown_variables(context: &Context<'_>) -> Looked {
    let known = command_line::variables();
    let tokens: Vec<&str> = context.settings.tokens.values().filter_map(TokenSource::variable).collect();
    let unknown = context.environment.of_options().into_iter();
    let unknown = unknown.filter(|name| !known.iter().any(|known| known == name) && !tokens.contains(name));
    unknown
        .map(|name| {
            let fix = nearest(name, known.iter().map(String::as_str));
            let fix = fix.map_or_else(|| "unset it".to_owned(), |near| format!("did you mean {near}?"));
            warning("config", format!("variable {} is no option's, and is ignored", escape(name)), fix)
        })
        .collect()
}

/// Names of `[map]` that TikTok takes for events of one's own, and that look like a slip of the pen.
fn near_names(context: &Context<'_>) -> Looked {
    let names = context.settings.policy.names.values();
    let near = names.filter_map(|name| match event_map::resolve(name.as_str(), &BTreeMap::new()) {
        Ok(near) | Err(Some(near)) => (near != *name).then_some((name, near)),
        Err(None) => None,
    });
    near.map(|(name, near)| {
        warning(
            "config",
            format!("[map] makes events {}, which TikTok does not know", escape(name.as_str())),
            format!("did you mean {}? A name of your own is sent as a custom event", escape(near.as_str())),
        )
    })
    .collect()
}

fn token(context: &Context<'_>, pixel: &PixelCode) -> (crate::report::Check, crate::cli::exit::Exit) {
    let shown = escape(pixel.as_str()).into_owned();
    let Some(source) = context.settings.tokens.get(pixel) else {
        return warning(
            "token",
            format!("pixel {shown} has none: its events are audited and never sent"),
            "add access_token_file to its [[pixel]]; the token is made in Events Manager → Web Events → the pixel → Settings → Events API",
        );
    };
    match source {
        TokenSource::Stdin => good("token", format!("of pixel {shown} comes from standard input")),
        TokenSource::Credential(name) if context.environment.get("CREDENTIALS_DIRECTORY").is_none() => {
            let name = escape(&name.display().to_string()).into_owned();
            good(
                "token",
                format!("of pixel {shown} is credential {name} of its systemd unit; not seen from here"),
            )
        }
        TokenSource::File(_) | TokenSource::Credential(_) | TokenSource::Variable(_) => {
            match source.read(context.environment) {
                Ok(_) if matches!(source, TokenSource::File(_)) => {
                    good("token", format!("of pixel {shown} is readable, and by nobody else"))
                }
                Ok(_) => good("token", format!("of pixel {shown} is there")),
                Err(failure) => failed("token", failure),
            }
        }
    }
}

fn scheduled(context: &Context<'_>) -> (crate::report::Check, crate::cli::exit::Exit) {
    match schedule::installed(context) {
        Some(found) => {
            let path = escape(&found.path.display().to_string()).into_owned();
            good("schedule", format!("a backfill every {}, by {path}", found.every))
        }
        None => warning(
            "schedule",
            "none found (a crontab of one's own is not looked at); what nobody sends within 47 h is held",
            "makegood schedule systemd --every 1h --write",
        ),
    }
}
