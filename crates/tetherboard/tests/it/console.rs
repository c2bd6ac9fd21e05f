//! Command-line help and error messages.

use rstest::rstest;
use tempfile::TempDir;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::installation::{CommandResult, Installation, PASSWORD, command, run};

/// Runs a command in an empty directory without any settings.
async fn run_in_empty_dir(arguments: &[&str]) -> CommandResult {
    run(command(TempDir::new().unwrap().path(), arguments), "").await
}

#[tokio::test]
async fn every_command_has_help() {
    let mut pending: Vec<Vec<String>> = vec![Vec::new()];
    let mut checked = Vec::new();
    while let Some(path) = pending.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let done = run_in_empty_dir(&arguments).await;
        assert_eq!(done.code(), 0, "{arguments:?}: {}", done.stderr);
        assert!(done.stdout.contains("Usage: tetherboard"), "{arguments:?}: {}", done.stdout);
        assert_eq!(done.stderr, "", "{arguments:?}");
        let listed = done.stdout.split_once("Commands:").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap_or_default());
        for line in listed.lines().filter(|line| line.starts_with("  ")) {
            let (name, meaning) = line.trim().split_once(' ').unwrap_or_else(|| panic!("{line} has no description"));
            assert!(!meaning.trim().is_empty(), "{line}");
            if name != "help" {
                pending.push(path.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
        checked.push(path.join(" "));
    }
    for expected in
        ["demo", "serve", "simulate", "migrate", "sync", "tenant add", "tenant set", "user add", "token add", "token revoke"]
    {
        assert!(checked.iter().any(|path| path == expected), "{expected} is not among {checked:?}");
    }
}

#[rstest]
#[case::no_command(&[], "Usage")]
#[case::unknown_command(&["sing"], "sing")]
#[case::sync_of_nothing(&["sync"], "--tenant")]
#[case::sync_of_both(&["sync", "--all", "--tenant", "a"], "--all")]
#[case::role(&["serve", "--role", "king"], "king")]
#[case::dataset(&["sync", "--all", "--accept-removals", "dogs"], "dogs")]
#[case::accounts(&["simulate", "--accounts", "0"], "--accounts")]
#[case::speed(&["demo", "--speed", "0"], "--speed")]
#[tokio::test]
async fn a_usage_error_names_the_bad_argument(#[case] arguments: &[&str], #[case] named: &str) {
    let done = run_in_empty_dir(arguments).await;
    assert_ne!(done.code(), 0);
    assert!(done.stderr.contains(named), "{}", done.stderr);
    assert_eq!(done.stdout, "");
}

#[rstest]
#[tokio::test]
async fn a_rejected_add_names_the_problem_and_adds_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let installation = Installation::new(kind).await;
    installation.run_ok(&["tenant", "add", "--slug", "harbor", "--name", "Harbor", "--zone", "America/Chicago"], "").await;
    let user = |email, role, tenant| {
        let start = ["user", "add", "--email", email, "--name", "Vic", "--role", role, "--password-stdin"];
        [&start[..], tenant].concat()
    };
    let tenant = |slug, zone| vec!["tenant", "add", "--slug", slug, "--name", "Brand", "--zone", zone];
    let for_harbor = ["--tenant", "harbor"];
    let cases: [(Vec<&str>, &str, &str); 12] = [
        (tenant("harbor", "UTC"), "", "harbor"),
        (tenant("Har bor", "UTC"), "", "--slug"),
        (tenant("tidewater", "Mars/Olympus"), "", "--zone"),
        ([tenant("tidewater", "UTC"), vec!["--web-key-stdin"]].concat(), "", "web key"),
        ([tenant("tidewater", "UTC"), vec!["--web-key-stdin"]].concat(), "CT_ with spaces\n", "web key"),
        (user("vic", "tenant_viewer", &for_harbor), PASSWORD, "--email"),
        (user("vic@example.com", "tenant_viewer", &[]), PASSWORD, "--tenant"),
        (user("vic@example.com", "agency_admin", &for_harbor), PASSWORD, "--tenant"),
        (user("vic@example.com", "tenant_viewer", &["--tenant", "atlantis"]), PASSWORD, "atlantis"),
        (user("vic@example.com", "tenant_viewer", &for_harbor), "short\n", "too short"),
        (user("vic@example.com", "tenant_viewer", &for_harbor), "", "password"),
        (vec!["token", "add", "--email", "vic@example.com"], "", "vic@example.com"),
    ];
    for (arguments, stdin, named) in cases {
        let done = installation.run(&arguments, stdin).await;
        assert_eq!(done.code(), 1, "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(named) && done.stdout.is_empty(), "{arguments:?}: {done:?}");
        assert!(!done.stderr.contains(PASSWORD), "{}", done.stderr);
    }
    assert_eq!(installation.run_ok(&["tenant", "list"], "").await.lines().count(), 2);
    assert_eq!(installation.run_ok(&["user", "list"], "").await.lines().count(), 1);
}

#[rstest]
#[tokio::test]
async fn stage_roles_and_milestones_can_be_confirmed_listed_and_cleared(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("30").await;
    installation.add_brands_and_users(&crm).await;
    installation.run_ok(&["sync", "--all"], "").await;
    let set = async |arguments: &[&str]| {
        let done = installation.run(&[&["tenant", "set", "--slug", "harbor"], arguments].concat(), "").await;
        let stages = installation.run_ok(&["tenant", "list", "--stages"], "").await;
        let fdd = stages
            .lines()
            .find(|line| line.starts_with("harbor") && line.contains("FDD Sent"))
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        (done, fdd)
    };
    let (done, fdd) = set(&["--milestone", "fdd sent=fdd-sent", "--stage-role", "FDD Sent=late"]).await;
    assert!(done.code() == 0 && fdd.ends_with("prospects late fdd-sent"), "{fdd}");
    assert!(set(&["--milestone", "FDD Sent=none"]).await.1.ends_with("late none"));
    let (_, fdd) = set(&["--milestone", "FDD Sent=", "--stage-role", "FDD Sent="]).await;
    assert!(fdd.ends_with("qualified (not confirmed) fdd-sent (not confirmed)"), "{fdd}");
    for (argument, named) in [("FDD Sent=soon", "fdd-receipt"), ("FDD=none", "FDD Sent"), ("FDD Sent", "NAME=MILESTONE")] {
        let (done, _) = set(&["--milestone", argument]).await;
        assert!(done.code() == 1 && done.stderr.contains("--milestone") && done.stderr.contains(named), "{done:?}");
    }
}

#[rstest]
#[tokio::test]
async fn hot_list_rules_are_validated_saved_and_logged(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("30").await;
    installation.add_brands_and_users(&crm).await;
    installation.run_ok(&["sync", "--all"], "").await;
    let set = async |rules: &str| installation.run(&["tenant", "set", "--slug", "harbor", "--hot-list-rules", "-"], rules).await;
    let rules = async |slug: &str| installation.run_ok(&["tenant", "rules", "--slug", slug], "").await;
    let defaults = rules("harbor").await;
    assert!(defaults.contains("\"stage\": 40"), "{defaults}");
    for (wrong, named) in [("{", "JSON"), (r#"{"score": {"stage": 400}}"#, "score.stage"), (r#"{"weights": {}}"#, "weights")] {
        let done = set(wrong).await;
        assert!(done.code() == 1 && done.stderr.contains("--hot-list-rules") && done.stderr.contains(named), "{done:?}");
    }
    assert_eq!(rules("harbor").await, defaults);
    assert_eq!(set(r#"{"score": {"stage": 30}}"#).await.code(), 0);
    assert_eq!(set(&defaults.replace("\"stage\": 40", "\"stage\": 35")).await.code(), 0);
    assert!(rules("harbor").await.contains("\"stage\": 35"));
    assert_eq!(rules("tidewater").await, defaults, "another brand keeps its rules");
    let log = installation.run_ok(&["tenant", "rules", "--slug", "harbor", "--log"], "").await;
    let versions: Vec<&str> = log.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(versions, ["2", "1"], "{log}");
}

#[rstest]
#[tokio::test]
async fn a_web_key_of_another_brand_is_refused_with_its_name(#[values(Sqlite, Postgres)] kind: Kind) {
    let installation = Installation::new(kind).await;
    let add = |slug, name| ["tenant", "add", "--slug", slug, "--name", name, "--zone", "UTC", "--web-key-stdin"];
    installation.run_ok(&add("harbor", "Harbor Bagel Co."), "CT_0a1b2c3d\n").await;
    let done = installation.run(&add("tidewater", "Tidewater Pools"), "CT_0A1B2C3D").await;
    assert!(done.code() == 1 && done.stderr.contains("Harbor Bagel Co. already has this web key"), "{done:?}");
    assert_eq!(installation.run_ok(&["tenant", "list"], "").await.lines().count(), 2, "the brand was not added");
    installation.run_ok(&add("tidewater", "Tidewater Pools"), "CT_44444444\n").await;
    let set = |slug| ["tenant", "set", "--slug", slug, "--name", "New name", "--web-key-stdin"];
    let done = installation.run(&set("tidewater"), "CT_0a1b2c3d\n").await;
    assert!(done.code() == 1 && done.stderr.contains("Harbor Bagel Co."), "{done:?}");
    assert!(!installation.run_ok(&["tenant", "list"], "").await.contains("New name"), "nothing was changed");
    installation.run_ok(&set("harbor"), "CT_0a1b2c3d\n").await;
}

#[rstest]
#[tokio::test]
async fn doctor_says_what_is_odd_about_a_list(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("130").await;
    installation.add_brands_and_users(&crm).await;
    let fault = serde_json::json!({"account": 0, "request": "stages", "fault": "total:99"});
    crm.control("fault", fault).await;
    installation.run_ok(&["sync", "--tenant", "harbor"], "").await;
    let done = installation.run(&["doctor", "--tenant", "harbor"], "").await;
    assert_eq!(done.code(), 1, "{done:?}");
    let warning = done.stdout.lines().find(|line| line.contains("warning: stages: the list reports a total "));
    assert!(warning.is_some_and(|line| line.contains("higher than its list")), "{}", done.stdout);
    let json = installation.run(&["doctor", "--tenant", "harbor", "--json"], "").await;
    let check: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&check["data_quality"][0]["dataset"], &check["data_quality"][0]["kind"]),
        (&"stages".into(), &"total_too_high".into())
    );
}
