//! The commands of an operator, through the real program.

use serde_json::{Value, json};

use crate::support::*;

const JANE: &str = "jane@example.com";

fn add(installation: &Installation, more: &[&str]) {
    let arguments = [&["user", "add", JANE, "--password-stdin", "--confirmed"], more].concat();
    installation.run_with_input(&arguments, &format!("{PASSWORD}\n")).assert_code(0);
}

fn show(installation: &Installation) -> Value {
    let outcome = installation.run(&["user", "show", JANE, "--json"]);
    serde_json::from_str(&outcome.assert_code(0).stdout).unwrap()
}

#[actix_web::test]
async fn a_user_is_added_shown_changed_listed_and_deleted() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);

    add(&installation, &["--role", "Administrator", "--phone", "+4915112345678", "--phone-confirmed"]);
    let added = show(&installation);
    installation
        .run(&["user", "set", JANE, "--two-factor", "on", "--role", "A", "--role", "B"])
        .assert_code(0);
    let changed = show(&installation);
    let table = installation.run(&["user", "list"]);
    let list = installation.run(&["user", "list", "--json"]);
    installation.run(&["user", "delete", JANE]).assert_code(0);
    let gone = installation.run(&["user", "show", JANE]);

    assert_eq!(added["email"], JANE);
    assert_eq!((&added["emailConfirmed"], &added["twoFactorEnabled"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&added["roles"], &added["phoneNumber"]),
        (&json!(["Administrator"]), &json!("+4915112345678"))
    );
    assert_eq!((&changed["twoFactorEnabled"], &changed["roles"]), (&json!(true), &json!(["A", "B"])));
    assert!(table.assert_code(0).stdout.contains(JANE));
    assert!(list.assert_code(0).stdout.contains(JANE));
    assert!(!table.stdout.contains("$argon2") && !list.stdout.contains("$argon2"));
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains("no user"), "{}", gone.stderr);
    assert!(gone.stdout.is_empty());
}

#[actix_web::test]
async fn what_cannot_be_done_is_said_on_stderr() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    add(&installation, &[]);

    let taken =
        installation.run_with_input(&["user", "add", "JANE@example.com", "--password-stdin"], PASSWORD);
    let weak = installation.run_with_input(&["user", "add", "joe@example.com", "--password-stdin"], "short");
    let odd = installation.run_with_input(&["user", "add", "nobody", "--password-stdin"], PASSWORD);
    let phone = installation.run(&["user", "add", "joe@example.com", "--phone", "12"]);

    for outcome in [&taken, &weak, &odd, &phone] {
        assert!(outcome.code.is_some_and(|code| code != 0), "{outcome:?}");
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{outcome:?}");
        assert!(!outcome.stderr.contains(PASSWORD) && !outcome.stderr.contains("panicked"), "{outcome:?}");
    }
    assert!(taken.stderr.contains("already"), "{}", taken.stderr);
    assert!(weak.stderr.contains("at least 8 characters"), "{}", weak.stderr);
}

#[actix_web::test]
async fn an_operators_change_counts_at_once_in_the_running_server() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    add(&installation, &[]);
    let server = installation.serve();
    let client = server.client();
    client.login(JANE).await.token();

    installation.run(&["user", "set", JANE, "--disable"]).assert_code(0);
    let disabled = client.login(JANE).await;
    installation.run(&["user", "set", JANE, "--enable"]).assert_code(0);
    let enabled = client.login(JANE).await;
    for _ in 0..5 {
        client.login_with(JANE, "Wrong-Horse-7").await.assert_refused(INVALID);
    }
    let locked = client.login(JANE).await;
    installation.run(&["user", "set", JANE, "--unlock"]).assert_code(0);
    let unlocked = client.login(JANE).await;
    installation.run(&["user", "set", JANE, "--two-factor", "on"]).assert_code(0);
    let two_step = client.login(JANE).await;

    disabled.assert_refused(INVALID);
    enabled.token();
    locked.assert_refused(INVALID);
    unlocked.token();
    two_step.challenge_id();
}

#[actix_web::test]
async fn users_are_imported_with_passwords_or_hashes_of_other_houses() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    let bcrypt = bcrypt::hash(PASSWORD, 4).unwrap();
    let lines = [
        json!({ "email": "clear@example.com", "password": PASSWORD, "emailConfirmed": true }),
        json!({ "email": "bcrypt@example.com", "passwordHash": bcrypt, "emailConfirmed": true, "roles": ["A", "B"] }),
        json!({ "email": "Later@Example.com", "emailConfirmed": true, "twoFactorEnabled": true,
                "phoneNumber": "+4915112345678", "phoneConfirmed": true }),
    ];
    installation.write("users.jsonl", &lines.map(|line| line.to_string()).join("\n"));

    installation.run(&["user", "import", "users.jsonl"]).assert_code(0);

    let client_of = installation.serve();
    let client = client_of.client();
    client.login("clear@example.com").await.token();
    let token = client.login("bcrypt@example.com").await.token();
    assert_eq!(jwt::claims(&token)["roles"], json!(["A", "B"]));
    client.login("later@example.com").await.assert_refused(INVALID);
    client.forgot("later@example.com").await.assert_status(200);
    let link = sink.wait_for(1, std::time::Duration::from_secs(10)).await[0].link();
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
    client.login_with("later@example.com", NEW_PASSWORD).await.challenge_id();
}

#[actix_web::test]
async fn a_faulty_line_of_an_import_is_named() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    for (fault, line) in [
        ("no JSON", "nonsense".to_owned()),
        ("no address", json!({ "password": PASSWORD }).to_string()),
        ("an unknown member", json!({ "email": "joe@example.com", "isAdmin": true }).to_string()),
        ("no hash", json!({ "email": "joe@example.com", "passwordHash": "md5:abc" }).to_string()),
    ] {
        installation.write(
            "users.jsonl",
            &format!("{}\n{line}\n", json!({ "email": format!("{}@example.com", fault.len()) })),
        );

        let outcome = installation.run(&["user", "import", "users.jsonl"]);

        assert!(outcome.code.is_some_and(|code| code != 0), "{fault}: {outcome:?}");
        assert!(outcome.stderr.contains('2'), "the second line is named: {outcome:?}");
        assert!(!outcome.stderr.contains(PASSWORD), "{fault}: {outcome:?}");
    }
}

#[actix_web::test]
async fn of_two_lines_with_one_address_the_first_counts() {
    let sink = SmtpSink::start().await;
    // The first line takes longer to hash than the second one to be stored.
    let installation = Installation::new(&sink).set("accounts.argon2_iterations", "1000");
    let lines = [
        json!({ "email": JANE, "password": PASSWORD, "emailConfirmed": true, "roles": ["A"] }),
        json!({ "email": JANE.to_uppercase(), "emailConfirmed": true }),
        json!({ "email": "joe@example.com" }),
    ];
    installation.write("users.jsonl", &lines.map(|line| line.to_string()).join("\n"));

    let outcome = installation.run(&["user", "import", "users.jsonl"]);

    outcome.assert_code(1);
    assert_eq!(outcome.stdout, "imported 2, failed 1\n");
    assert_eq!(outcome.stderr, "line 2: there is a user with this address already\n");
    assert_eq!(show(&installation)["roles"], json!(["A"]));
    let server = installation.serve();
    server.client().login(JANE).await.token();
}

#[actix_web::test]
async fn keys_are_listed_without_their_secret_half() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    let server = installation.serve();
    let published = server.client().get("/.well-known/jwks.json").await.json();

    let table = installation.run(&["keys", "list"]);
    let list = installation.run(&["keys", "list", "--json"]);

    let kid = published["keys"][0]["kid"].as_str().unwrap();
    assert!(table.assert_code(0).stdout.contains(kid) && table.stdout.contains("EdDSA"), "{}", table.stdout);
    let list: Value = serde_json::from_str(&list.assert_code(0).stdout).unwrap();
    assert!(list.to_string().contains(kid));
    assert!(!list.to_string().contains("\"d\""));
}

#[actix_web::test]
async fn a_running_server_follows_a_rotation_of_its_keys() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);
    let server = installation.serve();

    let rotated = installation.run(&["keys", "rotate", "--json"]);
    tokio::time::sleep(std::time::Duration::from_millis(1_900)).await;
    let published = server.client().get("/.well-known/jwks.json").await.json();
    let table = installation.run(&["keys", "list"]);

    let keys: Value = serde_json::from_str(&rotated.assert_code(0).stdout).unwrap();
    let keys = keys.as_array().unwrap();
    assert_eq!(keys.len(), 3);
    for key in keys {
        assert!(published.to_string().contains(key["id"].as_str().unwrap()), "{published}");
    }
    for state in ["next", "signing", "retired"] {
        assert!(table.stdout.contains(state), "{}", table.stdout);
    }
}

#[actix_web::test]
async fn migrations_are_told_applied_and_taken_back() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink);

    let before = installation.run(&["migrate", "status"]);
    let files = std::fs::read_dir(installation.folder()).unwrap().count();
    let up = installation.run(&["migrate", "up"]);
    let down = installation.run(&["migrate", "down"]);
    let status = installation.run(&["migrate", "status"]);
    let again = installation.run(&["migrate"]);

    for outcome in [&before, &up, &down, &status, &again] {
        assert!(outcome.assert_code(0).stdout.contains("create_users"), "{outcome:?}");
    }
    assert_eq!(files, 0, "a look makes no database");
    assert!(!before.stdout.contains("applied"), "{}", before.stdout);
    assert_ne!(before.stdout, up.stdout);
    assert_ne!(up.stdout, status.stdout);
    assert_eq!(up.stdout, again.stdout);
}

#[actix_web::test]
async fn every_command_explains_itself_with_an_example() {
    let installation = Installation::bare();

    for command in [
        &["serve"][..],
        &["migrate"],
        &["user"],
        &["user", "add"],
        &["user", "import"],
        &["user", "set"],
        &["user", "show"],
        &["user", "list"],
        &["user", "delete"],
        &["keys"],
        &["keys", "list"],
        &["config", "check"],
        &["doctor"],
        &["openapi"],
    ] {
        let outcome = installation.run(&[command, &["--help"]].concat());

        assert!(
            outcome.assert_code(0).stdout.to_lowercase().contains("example"),
            "{command:?}: {}",
            outcome.stdout
        );
        assert!(outcome.stdout.contains("--config"), "{command:?}: {}", outcome.stdout);
    }
    let help = installation.run(&["--help"]);
    for command in ["serve", "migrate", "user", "keys", "config", "doctor", "openapi"] {
        assert!(
            help.assert_code(0).stdout.contains(&format!("\n  {command} ")),
            "{command}: {}",
            help.stdout
        );
    }
    assert_eq!(std::fs::read_dir(installation.folder()).unwrap().count(), 0, "asking for help makes no file");
}
