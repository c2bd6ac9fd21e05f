//! Settings: an invalid one is named in an error before anything starts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rstest::rstest;
use tempfile::TempDir;

use crate::installation::{command, run};

const COMMANDS: [&[&str]; 5] =
    [&["serve", "--listen", "127.0.0.1:0"], &["migrate"], &["sync", "--all"], &["tenant", "list"], &["demo"]];

#[rstest]
#[case::database("TETHERBOARD_DATABASE_URL", "mysql://somewhere/d")]
#[case::database_in_memory("TETHERBOARD_DATABASE_URL", "sqlite::memory:")]
#[case::listen("TETHERBOARD_LISTEN", "8080")]
#[case::public_url("TETHERBOARD_PUBLIC_URL", "portal.example")]
#[case::secret_key("TETHERBOARD_SECRET_KEY", "aGlkZGVuc2VjcmV0")]
#[case::secret_key_file("TETHERBOARD_SECRET_KEY_FILE", "nowhere/key")]
#[case::base_url("CLIENTTETHER_BASE_URL", "ftp://crm.example/")]
#[case::access_token_file("CLIENTTETHER_ACCESS_TOKEN_FILE", "nowhere/token")]
#[case::max_in_flight("CLIENTTETHER_MAX_IN_FLIGHT", "0")]
#[case::max_per_second("CLIENTTETHER_MAX_PER_SECOND", "many")]
#[case::metrics_listen("TETHERBOARD_METRICS_LISTEN", "nine thousand")]
#[case::log("TETHERBOARD_LOG", "=,=")]
#[case::log_format("TETHERBOARD_LOG_FORMAT", "xml")]
#[case::config("TETHERBOARD_CONFIG", "nowhere/tetherboard.toml")]
#[tokio::test]
async fn an_invalid_setting_is_named_before_anything_starts(#[case] name: &str, #[case] value: &str) {
    for arguments in COMMANDS {
        let home = TempDir::new().unwrap();
        let mut command = command(home.path(), arguments);
        command.env(name, value);
        let done = run(command, "").await;
        assert_eq!(done.code(), 1, "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(name), "{arguments:?}: {}", done.stderr);
        assert_eq!(done.stdout, "", "{arguments:?}");
        assert!(!done.stderr.contains("aGlkZGVuc2VjcmV0"), "{}", done.stderr);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "{arguments:?} left files behind");
    }
}

#[tokio::test]
async fn settings_can_come_from_a_file_and_the_environment_wins() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("tetherboard.toml"), "TETHERBOARD_DATABASE_URL = \"sqlite:from-file/data.db\"\n").unwrap();
    let done = run(command(home.path(), &["migrate"]), "").await;
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(home.path().join("from-file/data.db").is_file());
    let mut overridden = command(home.path(), &["migrate"]);
    overridden.env("TETHERBOARD_DATABASE_URL", "sqlite:from-env.db");
    assert_eq!(run(overridden, "").await.code(), 0);
    assert!(home.path().join("from-env.db").is_file());
    fs::write(home.path().join("tetherboard.toml"), "TETHERBOARD_DATABSE_URL = \"sqlite:from-file/data.db\"\n").unwrap();
    let mistyped = run(command(home.path(), &["migrate"]), "").await;
    assert_eq!(mistyped.code(), 1);
    assert!(mistyped.stderr.contains("TETHERBOARD_DATABSE_URL"), "{}", mistyped.stderr);
}

#[tokio::test]
async fn sqlite_creates_its_key_at_the_first_start_readable_only_by_its_owner() {
    let home = TempDir::new().unwrap();
    assert_eq!(run(command(home.path(), &["migrate"]), "").await.code(), 0);
    let key = home.path().join("data/tetherboard.db.key");
    let before = fs::read(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(run(command(home.path(), &["migrate"]), "").await.code(), 0);
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[tokio::test]
async fn postgres_requires_a_secret_key_in_the_settings() {
    let home = TempDir::new().unwrap();
    let mut command = command(home.path(), &["migrate"]);
    command.env("TETHERBOARD_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let done = run(command, "").await;
    assert_eq!(done.code(), 1);
    assert!(done.stderr.contains("TETHERBOARD_SECRET_KEY"), "{}", done.stderr);
}

#[tokio::test]
async fn an_address_already_in_use_is_named_in_the_error() {
    let home = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [&["serve", "--role", "web", "--listen", &address][..], &["simulate", "--listen", &address]] {
        let done = run(command(home.path(), arguments), "").await;
        assert_eq!(done.code(), 1, "{arguments:?}");
        assert!(done.stderr.contains(&address), "{arguments:?}: {}", done.stderr);
    }
}
