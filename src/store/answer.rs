//! Answers: what a receipt says apart from its key, time and request, named by a small number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::fault::Fault;
use crate::domain::{Answer, Code, Leg, Outcome};
use crate::tiktok;

/// Answers kept in memory; beyond, all are forgotten and looked up again.
const ANSWERS_MAX: usize = 65_536;

const ANSWERS: &str = "
    SELECT code, leg, http_status, kind, api_code, timed_out, alone, claimed,
      test_code
    FROM answer
    ORDER BY code";
const ANSWERS_STORED: &str = "
    SELECT COALESCE(max(code) + 1, 0)
    FROM answer";
const ANSWER: &str = "
    SELECT code, leg, http_status, kind, api_code, timed_out, alone, claimed,
      test_code
    FROM answer
    WHERE code = :code";
const ANSWER_CODE: &str = "
    SELECT code
    FROM answer
    WHERE leg = :leg AND http_status = :http_status AND kind = :kind AND api_code = :api_code
      AND timed_out = :timed_out AND alone = :alone AND claimed = :claimed AND test_code = :test_code";
const ANSWER_INSERT: &str = "
    INSERT INTO answer (code, leg, http_status, kind, api_code, timed_out, alone, claimed, test_code)
    VALUES (:code, :leg, :http_status, :kind, :api_code, :timed_out, :alone, :claimed, :test_code)";

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answered {
    pub(super) leg: Leg,
    pub(super) answer: Answer,
    /// A term; 0: live.
    pub(super) test_code: u32,
}

impl Answered {
    /// Whether it says nothing of the live server leg.
    pub(super) fn is_test_send(&self) -> bool {
        self.leg == Leg::Server && self.test_code != 0
    }

    /// Whether it shows that TikTok took the event.
    pub(super) fn accepts(&self) -> bool {
        self.leg == Leg::Server
            && self.test_code == 0
            && tiktok::answer::classify(&self.answer) == Outcome::Accepted
    }
}

/// The table, as far as memory goes.
#[derive(Default)]
pub(super) struct Answers {
    codes: HashMap<Answered, u32>,
    stored: u32,
}

impl Answers {
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.stored = connection.prepare_cached(ANSWERS_STORED)?.query_row([], |row| row.get(0))?;
        Ok(())
    }

    /// The code of an answer; adds it if it is new.
    pub(super) fn code(&mut self, connection: &Connection, answered: Answered) -> Result<u32, Fault> {
        if let Some(code) = self.codes.get(&answered) {
            return Ok(*code);
        }
        let (kind, api_code) = code_numbers(answered.answer.code);
        let http_status = answered.answer.http_status.map_or(-1, i64::from);
        let found: Option<u32> = connection
            .prepare_cached(ANSWER_CODE)?
            .query_row(
                named_params! { ":leg": leg_number(answered.leg), ":http_status": http_status,
                ":kind": kind, ":api_code": api_code, ":timed_out": answered.answer.timed_out,
                ":alone": answered.answer.alone, ":claimed": answered.answer.sender_claims_delivered,
                ":test_code": answered.test_code },
                |row| row.get(0),
            )
            .optional()?;
        let code = if let Some(code) = found {
            code
        } else {
            let code = self.stored;
            connection.prepare_cached(ANSWER_INSERT)?.execute(
                named_params! { ":code": code, ":leg": leg_number(answered.leg),
                ":http_status": http_status, ":kind": kind, ":api_code": api_code,
                ":timed_out": answered.answer.timed_out, ":alone": answered.answer.alone,
                ":claimed": answered.answer.sender_claims_delivered, ":test_code": answered.test_code },
            )?;
            self.stored += 1;
            code
        };
        if self.codes.len() >= ANSWERS_MAX {
            self.codes.clear();
        }
        self.codes.insert(answered, code);
        Ok(code)
    }
}

/// All answers, by code.
pub(super) fn all_answers(connection: &Connection) -> Result<Vec<Answered>, Fault> {
    let mut statement = connection.prepare_cached(ANSWERS)?;
    let mut rows = statement.query([])?;
    let mut answers = Vec::new();
    while let Some(row) = rows.next()? {
        if usize::try_from(row.get::<_, u32>(0)?) != Ok(answers.len()) {
            return Err(Fault::Damaged("lacks an answer"));
        }
        answers.push(read(row)?);
    }
    Ok(answers)
}

/// One answer.
pub(super) fn answer(connection: &Connection, code: u32) -> Result<Answered, Fault> {
    let mut statement = connection.prepare_cached(ANSWER)?;
    let mut rows = statement.query(named_params! { ":code": code })?;
    rows.next()?.map_or(Err(Fault::Damaged("names an answer that it does not hold")), read)
}

fn read(row: &Row<'_>) -> Result<Answered, Fault> {
    let http_status: i64 = row.get(2)?;
    let answer = Answer {
        http_status: u16::try_from(http_status).ok(),
        code: read_code(row.get(3)?, row.get(4)?)?,
        timed_out: row.get(5)?,
        alone: row.get(6)?,
        sender_claims_delivered: row.get(7)?,
    };
    Ok(Answered { leg: read_leg(row.get(1)?)?, answer, test_code: row.get(8)? })
}

/// The number of a leg in the database.
pub(super) const fn leg_number(leg: Leg) -> i64 {
    match leg {
        Leg::Server => 0,
        Leg::Browser => 1,
    }
}

pub(super) const fn read_leg(number: i64) -> Result<Leg, Fault> {
    match number {
        0 => Ok(Leg::Server),
        1 => Ok(Leg::Browser),
        _ => Err(Fault::Damaged("names an unknown leg")),
    }
}

/// The numbers of a code in the database: its kind, and the integer where it is one.
pub(super) const fn code_numbers(code: Code) -> (i64, i64) {
    match code {
        Code::Absent => (0, 0),
        Code::Integer(code) => (1, code),
        Code::NotInteger => (2, 0),
        Code::Unreadable => (3, 0),
    }
}

pub(super) const fn read_code(kind: i64, api_code: i64) -> Result<Code, Fault> {
    match kind {
        0 => Ok(Code::Absent),
        1 => Ok(Code::Integer(api_code)),
        2 => Ok(Code::NotInteger),
        3 => Ok(Code::Unreadable),
        _ => Err(Fault::Damaged("names an unknown kind of code")),
    }
}
