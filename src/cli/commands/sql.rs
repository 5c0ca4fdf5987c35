//! `sql`: questions to the database, read-only.

use std::io::Read as _;

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::cli::ui::{Output, Ui};
use crate::domain::{EventName, Range};
use crate::reconcile::{Browser, Stand, browser_fired, clock};
use crate::report::{self, Answer, Format, Value};
use crate::store::{Query, Scalar, Store, VIEWS, VerdictRow};

const FORMATS: [Format; 5] = [Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Tsv];
/// The longest question.
const SQL_BYTES_MAX: u64 = 1 << 20;
/// Rows of an answer: it is held in memory, and more is no answer that anyone reads.
const ROWS_MAX: usize = 5_000_000;

/// Arguments of `sql`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood sql --schema                            the tables and their columns
  makegood sql \"SELECT event, verdict, count(*) FROM verdict GROUP BY 1, 2\"
  makegood sql --format csv < question.sql > answer.csv
  makegood sql \"SELECT * FROM attempts WHERE outcome <> 'accepted' ORDER BY run DESC LIMIT 9\"

The language is SQLite's. The tables hold facts as they were logged; verdict is made for each question,
as of now or of --now. Nothing can be changed, and personal data is not shown.")]
pub struct Arguments {
    /// The question; - or nothing is standard input.
    #[arg(value_name = "SQL")]
    pub question: Option<String>,
    /// Say which tables and columns there are.
    #[arg(long, env = "MAKEGOOD_SCHEMA", hide_env = true, value_parser = FalseyValueParser::new())]
    pub schema: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with code 2 for a question that is not understood.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&FORMATS)?;
    let answer = if args.schema { schema() } else { ask(context, &question(context, args)?)? };
    for output in &outputs {
        context.ui.page(output, &bytes(context, output, &answer))?;
    }
    Ok(Exit::Done)
}

fn question(context: &Context<'_>, args: &Arguments) -> Result<String, Failure> {
    let typed = args.question.as_deref().filter(|question| *question != "-");
    if let Some(question) = typed {
        return Ok(question.to_owned());
    }
    if args.question.is_none() && context.ui.can_ask() {
        return Err(Failure::new(Exit::Usage, "no question")
            .hint("makegood sql \"SELECT …\"; makegood sql --schema lists tables and columns"));
    }
    let mut text = String::new();
    std::io::stdin().take(SQL_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the question from standard input: {}", error.kind()))
    })?;
    Ok(text)
}

/// The tables, as an answer.
fn schema() -> Answer {
    let mut answer =
        Answer { columns: ["table", "column", "what it holds"].map(str::to_owned).into(), rows: Vec::new() };
    let ours = |text: &str| Value::Ours(text.to_owned());
    for view in VIEWS {
        answer.rows.push(vec![ours(view.name), ours(""), ours(&format!("a row is {}", view.about))]);
        for (column, about) in view.columns {
            answer.rows.push(vec![ours(view.name), ours(column), ours(about)]);
        }
    }
    answer
}

fn ask(context: &Context<'_>, sql: &str) -> Result<Answer, Failure> {
    let db = &context.settings.db;
    let mut query = Query::open(db)?;
    // The pass over everything is made only for questions that may need it.
    if sql.to_ascii_lowercase().contains("verdict") {
        let store = Store::open_read_only(db)?;
        query.fill::<Failure>(|put| verdicts(context, &store, put))?;
    }
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    query.ask::<Failure>(
        sql,
        &mut |names| {
            columns = names;
            Ok(())
        },
        &mut |row| {
            if rows.len() >= ROWS_MAX {
                return Err(Failure::new(Exit::Usage, "the answer has more than 5,000,000 rows")
                    .hint("narrow it with WHERE or LIMIT"));
            }
            rows.push(row.into_iter().map(value).collect());
            Ok(())
        },
    )?;
    Ok(Answer { columns, rows })
}

fn value(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Integer(number) => Value::Integer(number),
        Scalar::Real(number) => Value::Real(number),
        Scalar::Text(text) => Value::Log(text),
        Scalar::Bytes(bytes) => Value::Ours(hex::encode(bytes)),
    }
}

fn verdicts(
    context: &Context<'_>,
    store: &Store,
    put: &mut dyn FnMut(VerdictRow) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let policy = &context.settings.policy;
    let logs = super::audit::logs(context, store, None)?;
    let filters = Filters::default();
    let pass = Pass { store, policy, logs: &logs, range: Range::ALL, now: context.now, filters: &filters };
    pass.each(&mut |subject| {
        let (Some(event), Some(verdict)) = (&subject.row.event, subject.verdict) else { return Ok(()) };
        let (held, deadline) = match subject.stand {
            Some(Stand::Send { until }) => (None, Some(until)),
            Some(Stand::Held(class)) => (Some(class.code()), clock(subject.row).map(|clock| clock.deadline)),
            Some(Stand::Unsendable(why)) => {
                (Some(why.code()), clock(subject.row).map(|clock| clock.deadline))
            }
            Some(Stand::NotDue(_)) => (None, clock(subject.row).map(|clock| clock.deadline)),
            Some(Stand::Never) | None => (None, None),
        };
        let (code, reason) = report::verdict_words(verdict);
        put(VerdictRow {
            event_id: subject.row.id.to_string(),
            event: subject.row.name.as_ref().map(EventName::as_str).map(str::to_owned),
            pixel_id: subject.row.pixel.as_ref().map(|pixel| pixel.as_str().to_owned()),
            campaign_id: event.place.campaign.as_ref().map(|campaign| campaign.as_str().to_owned()),
            occurred_at: event.at.to_string(),
            value: event.value.map(|value| value.to_string()),
            currency: event.place.currency.as_deref().map(str::to_owned),
            verdict: verdict.word(),
            code,
            reason: held.map(str::to_owned).or(reason),
            browser_fired: match browser_fired(subject.row, policy, &logs) {
                Browser::Fired => Some(true),
                Browser::DidNotFire | Browser::NotSeen => Some(false),
                Browser::Unknown => None,
            },
            deadline_at: deadline.map(|at| at.to_string()),
        })
    })
}

fn bytes(context: &Context<'_>, output: &Output, answer: &Answer) -> Vec<u8> {
    let format = output.format;
    if format == Format::Json {
        report::answer_json(answer).into_bytes()
    } else if format == Format::Ndjson {
        report::answer_lines(answer).into_bytes()
    } else if format == Format::Csv {
        report::csv::answer(answer, report::csv::Separator::Comma)
    } else if format == Format::Tsv {
        report::csv::answer(answer, report::csv::Separator::Tab)
    } else {
        report::answer_table(answer, &Ui::view(context.settings.zone, output)).into_bytes()
    }
}
