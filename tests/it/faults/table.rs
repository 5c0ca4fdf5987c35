//! The rows, by the letters of the table.

/// How a row is covered.
pub enum Row {
    /// By tests; each name holds the row's number.
    By(&'static [&'static str]),
    /// By none: why it cannot be one here.
    Not(&'static str),
}

use Row::{By, Not};

/// Section 3.3.
pub const NETWORK: &[(u8, Row)] = &[
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
pub const STORE: &[(u8, Row)] = &[
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
pub const OPERATION: &[(u8, Row)] = &[
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
    (6, By(&["o_06_a_signal_ends_it_with_0_and_the_position_is_kept"])),
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
    (
        12,
        By(&["o_12_a_reader_that_goes_away_is_no_failure", "o_12_no_command_minds_a_reader_that_goes_away"]),
    ),
    (
        13,
        By(&[
            "o_13_a_full_device_ends_with_8_and_what_was_sent_is_recorded",
            "o_13_every_command_that_prints_says_that_it_could_not",
        ]),
    ),
    (14, By(&["o_14_closed_files_are_nobodys_database_or_socket", "o_14_no_command_minds_closed_files"])),
    (
        15,
        By(&[
            "o_15_without_a_terminal_there_are_no_colours_no_questions_and_one_width",
            "o_15_no_command_colours_or_asks_without_a_terminal",
        ]),
    ),
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
    (
        26,
        By(&[
            "o_26_every_json_output_is_one_document_also_on_failure",
            "o_26_every_command_answers_json_with_one_document",
        ]),
    ),
    (27, By(&["o_27_a_kill_leaves_the_old_metrics_or_the_new_ones"])),
    (28, By(&["o_28_a_run_outlives_its_replaced_program"])),
    (29, By(&["o_29_the_run_after_a_death_says_what_nobody_knows"])),
];

/// Section 3.6.
pub const LEAKS: &[(u8, Row)] = &[
    (1, By(&["x_01_x_02_no_command_hands_on_what_a_terminal_would_obey"])),
    (2, By(&["x_01_x_02_no_command_hands_on_what_a_terminal_would_obey"])),
    (
        3,
        By(&[
            "x_03_text_that_looks_like_a_formula_is_defused",
            "x_03_cells_come_back_from_another_reader_and_none_is_a_formula",
        ]),
    ),
    (4, By(&["x_04_no_text_becomes_markup", "x_04_nothing_of_a_log_acts"])),
    (
        5,
        By(&[
            "x_05_no_text_becomes_markup_a_link_or_a_mention",
            "x_05_the_collector_can_read_what_a_hostile_log_names",
        ]),
    ),
    (
        6,
        By(&[
            "x_06_no_command_shows_what_the_logs_and_the_token_file_hold",
            "x_06_no_command_at_all_shows_it_whether_it_works_or_not",
            "x_06_no_failure_shows_the_token_and_no_command_line_holds_it",
        ]),
    ),
    (
        7,
        By(&[
            "x_07_an_erased_person_leaves_no_byte_and_does_not_come_back",
            "x_07_an_erased_event_is_not_sent_and_the_others_are_whole",
            "x_07_a_session_known_by_its_keys_stays_erased_in_later_imports",
            "x_07_an_address_that_comes_late_takes_out_what_its_session_began_with",
            "x_07_the_second_address_of_a_session_counts_too",
            "x_07_what_nobody_dated_is_minded",
            "x_07_an_address_in_a_later_batch_counts_too",
            "x_07_an_address_that_comes_late_is_minded_while_following",
            "x_07_an_address_that_another_database_knows_is_minded_in_a_merge",
            "x_07_what_came_late_is_wiped_when_the_backfill_has_ended",
        ]),
    ),
    (8, By(&["x_08_what_is_pruned_leaves_no_byte_and_is_never_sent"])),
    (9, By(&["x_09_neither_erases_nor_prunes_while_a_backfill_runs"])),
    (10, By(&["x_10_what_is_handed_on_names_no_folder_of_this_machine"])),
];
