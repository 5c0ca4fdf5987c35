//! What an event lacks is filled in from its session.

use makegood::backfill::build;
use makegood::domain::Enrich;
use serde_json::{Value as Json, json};

use crate::world::{Logged, World, logged, world_of};

async fn built(event: Logged, enrich: Enrich) -> (Json, String) {
    let mut world = world_of(&[event]).await;
    world.policy.backfill.enrich = enrich;
    user(&world)
}

fn user(world: &World) -> (Json, String) {
    let built = build(&world.store, &world.policy, &world.plan.send[0]).unwrap().unwrap();
    let object: Json = serde_json::from_str(built.object.as_json()).unwrap();
    (object["user"].clone(), built.provenance.into())
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_session_knew_by_then_is_filled_in() {
    let (user, provenance) = built(Logged { session: Some("s1"), ..logged("e1") }, Enrich::Past).await;
    assert_eq!(user["ttclid"], "E.C.P.landing");
    assert_eq!(user["email"], json!([hex(7)]));
    assert_eq!(user["phone"], Json::Null, "it came later");
    assert_eq!(
        provenance,
        "ttclid: session, 2026-11-20T01:00:00Z; email: session, 2026-11-20T01:00:00Z; external_id: session id"
    );
    assert_eq!(user["external_id"][0].as_str().unwrap().len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_and_the_own_values_decide() {
    let event = Logged { session: Some("s1"), email: Some(3), ..logged("e1") };
    let (user, _) = built(event.clone(), Enrich::Session).await;
    assert_eq!((&user["email"], &user["phone"]), (&json!([hex(3)]), &json!([hex(8)])));
    let (user, provenance) = built(event, Enrich::Off).await;
    assert_eq!((&user["ttclid"], provenance.as_str()), (&Json::Null, "external_id: session id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_denied_or_is_a_placeholder_gives_nothing() {
    for event in [
        Logged { session: Some("s1"), consent_denied: true, ..logged("e1") },
        Logged { session: Some("null"), placeholder: true, ..logged("e1") },
    ] {
        let (user, provenance) = built(event, Enrich::Session).await;
        assert_eq!((user, provenance.as_str()), (json!({"ip": "95.104.11.250"}), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_is_frozen_at_the_first_attempt() {
    use makegood::sandbox::{Fault, Script, Taken};

    let world = world_of(&[Logged { session: Some("s1"), ..logged("e1") }]).await;
    let mut world = world.with(Script::faults([Fault::Hang(Taken::No)]));
    world.policy.backfill.total_timeout = makegood::domain::Duration::from_ms(300);
    assert_eq!(world.run().await.unknown, 1);
    world.policy.backfill.enrich = Enrich::Off;
    world.now = world.now.plus(makegood::domain::Duration::from_mins(6));
    assert_eq!(world.run().await.accepted, 1);
    let bodies: Vec<_> = world.sandbox.requests().iter().map(|seen| seen.body_sha256.clone()).collect();
    assert_eq!(bodies[0], bodies[1], "whatever the policy says by now");
}
