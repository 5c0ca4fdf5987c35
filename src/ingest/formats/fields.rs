//! What a map of the config may name.

/// Fields that a map may name, as the manual calls them, and what this table calls them.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("event_id", "event_id"),
    ("event", "event"),
    ("occurred_at", "at"),
    ("session_id", "session"),
    ("funnel_id", "funnel"),
    ("campaign_id", "campaign"),
    ("source", "source"),
    ("pixel_id", "pixel"),
    ("consent", "consent"),
    ("limited_data_use", "limited_data_use"),
    ("test", "test"),
    ("url", "url"),
    ("referrer", "referrer"),
    ("email", "email"),
    ("phone", "phone"),
    ("external_id", "external_id"),
    ("ttclid", "ttclid"),
    ("ttp", "ttp"),
    ("ip", "ip"),
    ("user_agent", "user_agent"),
    ("locale", "locale"),
    ("value", "value"),
    ("currency", "currency"),
    ("content_type", "content_type"),
    ("num_items", "num_items"),
    ("order_id", "order_id"),
    ("transaction_id", "transaction_id"),
    ("contents", "contents"),
    ("product_id", "product_id"),
    ("product_name", "product_name"),
    ("description", "description"),
    ("search_string", "search_string"),
    ("channel", "channel"),
    ("sent_at", "sent_at"),
    ("http_status", "http_status"),
    ("code", "code"),
    ("request_id", "request_id"),
    ("test_event_code", "test_event_code"),
    ("delivered", "claim"),
    ("request", "request"),
    ("response", "response"),
];

/// What a `[formats.NAME]` of the config may name.
pub fn field_names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}
