//! The fault table (reliability 3.3 to 3.5): every row is a test named by its number, or says why not.
//!
//! Where the table's exit code or wording and the product's own differ, the product's stand.

mod answers;
mod database;
mod disk;
mod leak;
mod raw;
mod running;
pub(crate) mod scene;
mod settings;
mod terminal;
mod tls;
mod together;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How a row is covered.
pub(crate) enum Row {
    /// By tests; each name holds the row's number.
    By(&'static [&'static str]),
    /// By tests of another topic, which stand with that topic.
    With(&'static str),
    /// By none: why it cannot be one here.
    Not(&'static str),
}

use Row::{By, Not, With};

/// Section 3.3.
const NETWORK: &[(u8, Row)] = &[
    (
        1,
        By(&[
            "n_01_a_refused_connection_sent_nothing",
            "n_01_no_connection_means_not_sent",
            "n_01_nobody_listens_and_the_run_says_so",
        ]),
    ),
    (
        2,
        Not(
            "the only host with a name is TikTok's, and no test may ask a resolver for it; localhost is pinned. Such a failure takes the way of N-01",
        ),
    ),
    (3, By(&["n_03_a_connection_that_hangs_is_given_up_and_nothing_was_sent"])),
    (
        4,
        By(&[
            "n_04_a_certificate_that_nobody_signed_is_refused_before_the_request",
            "n_04_only_a_certificate_for_this_host_and_this_day_is_trusted",
        ]),
    ),
    (5, By(&["n_05_tls_to_a_plain_port_sent_nothing"])),
    (
        6,
        By(&[
            "n_06_to_n_11_a_lost_answer_is_ambiguous",
            "n_06_a_reset_is_tried_again_at_once_with_the_same_body",
            "n_06_three_resets_leave_it_unknown",
        ]),
    ),
    (7, By(&["n_07_a_close_before_the_answer_is_unknown"])),
    (8, By(&["n_08_a_body_that_breaks_off_is_unknown_although_the_status_was_200"])),
    (9, By(&["n_09_an_answer_byte_by_byte_meets_the_whole_time_out"])),
    (10, By(&["n_10_a_processed_request_without_an_answer_is_sent_again_and_counted_once"])),
    (11, By(&["n_11_a_request_that_is_processed_after_our_time_out_is_counted_once"])),
    (
        12,
        By(&[
            "n_12_n_13_n_15_what_is_no_acceptance_is_unknown",
            "n_12_a_login_page_is_no_answer_and_is_not_shown",
        ]),
    ),
    (
        13,
        By(&[
            "n_12_n_13_n_15_what_is_no_acceptance_is_unknown",
            "n_13_n_14_n_15_only_the_integer_zero_under_a_success_accepts",
        ]),
    ),
    (14, By(&["n_13_n_14_n_15_only_the_integer_zero_under_a_success_accepts"])),
    (
        15,
        By(&[
            "n_12_n_13_n_15_what_is_no_acceptance_is_unknown",
            "n_13_n_14_n_15_only_the_integer_zero_under_a_success_accepts",
        ]),
    ),
    (16, By(&["n_16_one_bad_event_of_a_hundred_is_found", "n_16_one_bad_event_ends_with_3_and_its_code"])),
    (17, By(&["n_17_all_bad_looks_like_our_mistake"])),
    (18, By(&["n_18_a_verdict_that_changes_its_mind_ends_and_refuses_only_alone"])),
    (
        19,
        By(&[
            "n_19_partly_successful_asks_for_each",
            "n_19_n_20_n_29_what_nobody_knows_ends_with_its_code_on_record",
        ]),
    ),
    (
        20,
        By(&[
            "n_20_n_29_what_must_not_be_repeated_is_asked_once",
            "n_19_n_20_n_29_what_nobody_knows_ends_with_its_code_on_record",
        ]),
    ),
    (21, By(&["n_21_too_large_a_request_is_halved"])),
    (
        22,
        By(&[
            "n_22_a_long_throttle_ends_this_run_and_the_next",
            "n_22_a_pause_that_makes_no_sense_is_none_and_there_is_no_busy_loop",
        ]),
    ),
    (
        23,
        By(&[
            "n_23_throttling_without_a_pause_backs_off_longer_each_time",
            "n_23_throttle_pauses_stay_in_their_bounds_for_ten_thousand_seeds",
        ]),
    ),
    (
        24,
        By(&["n_24_a_short_throttle_is_sat_out_and_shared", "n_24_a_throttle_is_obeyed_by_the_next_process"]),
    ),
    (
        25,
        By(&[
            "n_25_five_server_errors_open_the_breaker",
            "n_25_server_errors_end_with_6_and_the_next_cron_waits",
        ]),
    ),
    (
        26,
        By(&[
            "n_26_a_wrong_address_stops_after_one_request",
            "n_26_a_page_instead_of_an_answer_ends_with_4_after_one_request",
        ]),
    ),
    (
        27,
        By(&[
            "n_27_a_token_that_dies_stops_this_run_and_the_next_until_it_changes",
            "n_27_a_token_that_dies_is_not_used_again_until_it_changes",
        ]),
    ),
    (
        28,
        By(&[
            "n_28_no_permission_closes_the_pixel_only",
            "n_28_no_permission_ends_with_5_and_a_wrong_request_with_4",
        ]),
    ),
    (
        29,
        By(&[
            "n_20_n_29_what_must_not_be_repeated_is_asked_once",
            "n_19_n_20_n_29_what_nobody_knows_ends_with_its_code_on_record",
        ]),
    ),
    (
        30,
        By(&[
            "n_30_redirects_are_refused_and_nobody_else_is_asked",
            "n_30_a_redirect_stops_the_run_and_nobody_else_is_asked",
            "n_30_a_redirect_ends_with_4_and_the_other_host_hears_nothing",
        ]),
    ),
    (31, By(&["n_31_a_redirect_is_refused_wherever_it_leads"])),
    (
        32,
        By(&[
            "n_32_n_33_an_endless_or_broken_answer_is_ambiguous",
            "n_32_an_endless_answer_is_cut_and_unknown",
        ]),
    ),
    (
        33,
        By(&[
            "n_32_n_33_an_endless_or_broken_answer_is_ambiguous",
            "n_33_headers_without_end_or_sense_are_unknown",
        ]),
    ),
    (34, By(&["n_34_a_connection_closed_between_batches_is_replaced"])),
    (
        35,
        By(&[
            "n_35_proxies_of_the_environment_are_not_asked",
            "n_35_proxies_of_the_environment_hear_nothing",
        ]),
    ),
    (36, By(&["n_36_a_file_for_tls_keys_is_not_written"])),
    (37, By(&["n_37_an_address_that_is_not_tiktoks_is_refused_before_the_token_is_read"])),
    (38, By(&["n_38_nothing_of_an_answers_message_is_kept_or_shown"])),
    (39, By(&["n_39_a_test_send_delivers_nothing_and_stands_in_nobodys_way"])),
    (40, By(&["n_40_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request"])),
];

/// Section 3.4.
const STORE: &[(u8, Row)] = &[
    (
        1,
        By(&[
            "s_01_s_03_a_full_disk_before_the_request_sends_nothing",
            "s_01_a_full_database_takes_no_claim",
        ]),
    ),
    (2, By(&["s_02_a_full_disk_after_the_request_leaves_it_unknown_and_says_so"])),
    (3, By(&["s_01_s_03_a_full_disk_before_the_request_sends_nothing"])),
    (
        4,
        By(&[
            "s_04_a_busy_database_is_waited_for_before_and_after_the_request",
            "s_04_a_database_that_stays_busy_is_an_error_that_says_so",
        ]),
    ),
    (5, By(&["s_05_every_writer_begins_immediate"])),
    (6, By(&["s_06_s_07_a_read_only_database_can_be_read_and_a_writer_names_it"])),
    (7, By(&["s_06_s_07_a_read_only_database_can_be_read_and_a_writer_names_it"])),
    (8, By(&["s_08_a_damaged_database_ends_with_8_and_is_left_alone"])),
    (9, By(&["s_09_a_flipped_bit_in_a_payload_is_not_sent_and_the_others_are"])),
    (10, By(&["s_10_a_newer_database_is_left_alone"])),
    (11, Not("there is no older schema: comes with the first release")),
    (12, By(&["s_12_another_programs_database_is_left_alone"])),
    (
        13,
        By(&[
            "s_13_a_kill_at_any_point_loses_and_doubles_nothing",
            "s_13_after_the_deadline_a_killed_request_is_never_repeated",
        ]),
    ),
    (14, By(&["s_14_kills_at_random_lose_and_double_nothing"])),
    (
        15,
        By(&[
            "s_15_the_claim_is_on_disk_before_its_request_leaves",
            "s_15_a_log_cut_anywhere_opens_and_tells_only_what_was_committed",
        ]),
    ),
    (16, By(&["s_16_a_log_that_somebody_deleted_never_makes_an_acceptance"])),
    (17, By(&["s_17_a_database_that_was_replaced_meanwhile_is_not_written"])),
    (18, By(&["s_18_a_copy_that_sends_too_is_counted_once"])),
    (19, By(&["s_19_an_old_backup_sends_again_inside_the_window_and_nothing_after_it"])),
    (20, By(&["s_20_a_network_file_system_is_known_by_its_number"])),
    (21, By(&["s_21_import_audit_and_backfill_at_once_lose_and_double_nothing"])),
    (22, Not("five million events are the bench's, benches/import.py; memory and WAL are its columns")),
    (23, By(&["s_23_a_name_that_looks_like_a_uri_is_a_file"])),
];

/// Section 3.5.
const OPERATION: &[(u8, Row)] = &[
    (1, By(&["o_01_a_second_backfill_sends_nothing_and_ends_with_7"])),
    (2, By(&["o_02_a_killed_run_leaves_no_lock_and_its_keys_come_back_after_the_lease"])),
    (
        3,
        By(&[
            "o_03_workers_without_a_lock_never_send_a_key_twice",
            "o_03_workers_without_a_lock_share_what_the_server_does_to_them",
        ]),
    ),
    (
        4,
        By(&[
            "o_04_a_lease_that_cannot_outlive_the_request_is_not_used",
            "o_04_a_worker_suspended_past_its_lease_sends_nothing_late",
            "o_04_a_worker_suspended_before_its_first_byte_sends_nothing_late",
        ]),
    ),
    (
        5,
        By(&[
            "o_05_a_signal_lets_the_request_in_flight_finish_and_be_recorded",
            "o_05_a_second_signal_stops_at_once_and_the_outcome_stays_unknown",
            "o_05_a_signal_ends_a_pause",
        ]),
    ),
    (6, With("import --follow")),
    (7, By(&["o_07_a_terminal_that_closes_is_a_signal_like_the_others"])),
    (
        8,
        By(&[
            "o_08_a_clock_that_went_backwards_stops_the_run",
            "o_08_a_weekend_off_is_no_broken_clock",
            "o_08_a_clock_that_disagrees_with_the_servers_stops_the_run",
        ]),
    ),
    (9, By(&["o_09_a_deadline_that_passes_between_claim_and_send_is_kept"])),
    (10, By(&["o_10_nothing_leaves_at_the_deadline_or_after"])),
    (11, By(&["o_11_the_zone_of_the_environment_changes_nothing"])),
    (12, By(&["o_12_a_reader_that_goes_away_is_no_failure"])),
    (13, By(&["o_13_a_full_device_ends_with_8_and_what_was_sent_is_recorded"])),
    (14, By(&["o_14_closed_files_are_nobodys_database_or_socket"])),
    (15, By(&["o_15_without_a_terminal_there_are_no_colours_no_questions_and_one_width"])),
    (16, By(&["o_16_a_wrong_config_ends_with_4_and_its_place"])),
    (17, By(&["o_17_a_token_that_is_none_ends_with_4_and_is_not_shown"])),
    (18, By(&["o_18_a_token_file_that_others_can_read_is_refused_with_its_fix"])),
    (19, By(&["o_19_no_option_takes_a_token"])),
    (20, By(&["o_20_names_with_spaces_and_bytes_work_and_a_missing_folder_is_named"])),
    (21, By(&["o_21_files_are_their_owners_alone_whatever_the_umask"])),
    (22, By(&["o_22_too_few_files_may_be_opened_and_the_error_is_a_clean_one"])),
    (23, By(&["o_23_a_panic_ends_with_70_and_shows_its_place_only"])),
    (24, By(&["o_24_a_dry_run_sends_nothing_changes_no_byte_and_plans_what_is_sent"])),
    (25, By(&["o_25_a_second_run_has_nothing_to_do"])),
    (26, By(&["o_26_every_json_output_is_one_document_also_on_failure"])),
    (27, Not("there is no metrics file: `status` and the exit codes are for monitoring")),
    (28, By(&["o_28_a_run_outlives_its_replaced_program"])),
    (29, By(&["o_29_the_run_after_a_death_says_what_nobody_knows"])),
];

/// The functions under a folder, each with the number of times it stands there.
fn functions(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| {
                let line = line.trim_start();
                let name = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))?;
                Some(name.split(['(', '<']).next()?.to_owned())
            });
            for name in names {
                *found.entry(name).or_default() += 1;
            }
        }
    }
}

/// The numbers that a test's name starts with: `n_12_n_13_…`.
fn numbers(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let is_number = |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let pairs = words
        .chunks_exact(2)
        .take_while(|pair| matches!(pair[0], "n" | "s" | "o" | "t") && is_number(pair[1]));
    pairs.map(|pair| format!("{}_{}", pair[0], pair[1])).collect()
}

#[test]
fn every_row_is_a_test_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there = BTreeMap::new();
    functions(&root.join("src"), &mut there);
    functions(&root.join("tests"), &mut there);
    let mut listed: BTreeMap<String, Option<&[&str]>> = BTreeMap::new();
    for (letter, rows, last) in
        [("n", NETWORK, 40_u8), ("s", STORE, 23), ("o", OPERATION, 29), ("t", crate::tailing::TAILING, 9)]
    {
        let own: Vec<u8> = rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(own, (1..=last).collect::<Vec<_>>(), "every number of {letter} once, in order");
        for (number, row) in rows {
            let id = format!("{letter}_{number:02}");
            let tests = match row {
                By(tests) => {
                    assert!(!tests.is_empty(), "{id}");
                    for test in *tests {
                        assert!(numbers(test).contains(&id), "{test} is not named by {id}");
                        assert_eq!(there.get(*test), Some(&1), "{test} of {id} is no test, or stands twice");
                    }
                    Some(*tests)
                }
                With(what) | Not(what) => {
                    assert!(!what.is_empty(), "{id} says nothing");
                    None
                }
            };
            listed.insert(id, tests);
        }
    }
    for name in there.keys() {
        for id in numbers(name) {
            let known = listed.get(&id).unwrap_or_else(|| panic!("{name}: there is no row {id}"));
            assert!(known.is_none_or(|tests| tests.contains(&name.as_str())), "{name} is not listed at {id}");
        }
    }
}

#[test]
fn a_name_tells_its_numbers() {
    assert_eq!(numbers("n_12_n_13_what_is_unknown"), ["n_12", "n_13"]);
    assert_eq!(numbers("o_05_a_signal"), ["o_05"]);
    for other in ["no_02_x", "n_1_x", "a_name", "n", "s_abc"] {
        assert!(numbers(other).is_empty(), "{other}");
    }
}
