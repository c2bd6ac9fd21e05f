//! One small world: an agency, two brands, five people, and a CRM that both brands are read from.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_domain::{Clock, RunStatus, StageRole, Trigger, UserRole};
use tetherboard_metrics::Board;
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, DealEdit, Edit, Server, Simulator};
use tetherboard_store::agency::{self, Setting};
use tetherboard_store::tenants::{self, Changes, Tenant};
use tetherboard_store::{api_tokens, stage_roles, users};
use tetherboard_sync::{Crm, RunOptions, RunReport, Syncer};
use tetherboard_testkit::{Kind, TestDatabase};
use tetherboard_web::{Portal, Settings, hash_password, hash_token, new_api_token, token_hint};
use tokio::net::TcpListener;

/// A Thursday morning in Chicago.
pub(crate) const NOW: &str = "2026-11-19T16:30:00Z";
pub(crate) const PASSWORD: &str = "a long enough password";
pub(crate) const CONTACT: &str = "Dana Whitlock, (312) 555-0142";

/// The brands' slugs, in the order of the CRM's accounts.
pub(crate) const HARBOR: &str = "harbor";
pub(crate) const TIDEWATER: &str = "tidewater";
pub(crate) const BRANDS: [&str; 2] = [HARBOR, TIDEWATER];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Nobody,
    /// The agency's.
    Dana,
    /// Harbor's admin.
    Jordan,
    /// Harbor's viewer.
    Riley,
    /// Tidewater's admin.
    Morgan,
    /// Tidewater's viewer.
    Sam,
}

impl Person {
    pub(crate) const ALL: [Self; 6] = [Self::Nobody, Self::Dana, Self::Jordan, Self::Riley, Self::Morgan, Self::Sam];

    pub(crate) fn email(self) -> &'static str {
        match self {
            Self::Nobody => "nobody@example.com",
            Self::Dana => "dana@northgate.example",
            Self::Jordan => "jordan@harbor.example",
            Self::Riley => "riley@harbor.example",
            Self::Morgan => "morgan@tidewater.example",
            Self::Sam => "sam@tidewater.example",
        }
    }

    pub(crate) fn may_see(self, brand: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Dana => true,
            Self::Jordan | Self::Riley => brand == HARBOR,
            Self::Morgan | Self::Sam => brand == TIDEWATER,
        }
    }

    fn role(self) -> UserRole {
        match self {
            Self::Dana => UserRole::AgencyAdmin,
            Self::Jordan | Self::Morgan => UserRole::TenantAdmin,
            Self::Nobody | Self::Riley | Self::Sam => UserRole::TenantViewer,
        }
    }
}

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) clock: Clock,
    pub(crate) simulator: Simulator,
    pub(crate) site: String,
    syncer: Syncer,
    visits: AtomicUsize,
    _crm: Server,
}

impl World {
    /// Both brands have been read, and Harbor's stages have their roles.
    pub(crate) async fn read(kind: Kind) -> Self {
        let world = Self::unread(kind).await;
        for brand in BRANDS {
            assert_eq!(world.sync(brand).await.run.status, RunStatus::Succeeded);
        }
        world.confirm_roles(HARBOR).await;
        world
    }

    /// Nothing has been read yet.
    pub(crate) async fn unread(kind: Kind) -> Self {
        Self::reached_at(kind, None).await
    }

    pub(crate) async fn reached_at(kind: Kind, public_url: Option<&str>) -> Self {
        let public_url = public_url.map(|url| url.parse().unwrap());
        Self::served_as(kind, Settings { public_url, ..Settings::default() }).await
    }

    pub(crate) async fn served_as(kind: Kind, settings: Settings) -> Self {
        // The HTTP client is built without one; a second call is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let db = tetherboard_testkit::fresh(kind).await;
        let clock = Clock::stopped_at(NOW.parse().unwrap());
        let simulator = Simulator::new(accounts(), clock.clone());
        spoil(&simulator);
        let crm = simulator.listen(any_port()).await.unwrap();
        furnish(&db, &simulator).await;
        let reach = Crm {
            base_url: crm.base_url().parse().unwrap(),
            access_token: Some(SecretString::from(simulator.access_token())),
            budgets: Budgets::new(8, 5_000),
            limits: Limits { initial_backoff: Duration::from_millis(1), ..Limits::default() },
        };
        let syncer = Syncer {
            store: db.store.clone(),
            crm: reach,
            clock: clock.clone(),
            holder: "a test".to_owned(),
            notes_calls_per_run: 0,
        };
        let site = serve(&db, &clock, settings).await;
        Self { db, clock, simulator, site, syncer, visits: AtomicUsize::new(0), _crm: crm }
    }

    pub(crate) async fn tenant(&self, brand: &str) -> Tenant {
        tenants::by_slug(self.db.store.conn(), brand).await.unwrap().unwrap()
    }

    pub(crate) async fn sync(&self, brand: &str) -> RunReport {
        let tenant = self.tenant(brand).await;
        self.syncer.sync_tenant(&tenant, Trigger::Schedule, &RunOptions::default()).await.unwrap().unwrap()
    }

    /// A sync that reads everybody's notes as well.
    pub(crate) async fn sync_with_notes(&self, brand: &str) -> RunReport {
        let tenant = self.tenant(brand).await;
        let syncer = Syncer { notes_calls_per_run: 1_000, ..self.syncer.clone() };
        syncer.sync_tenant(&tenant, Trigger::Schedule, &RunOptions::default()).await.unwrap().unwrap()
    }

    /// The replay that was asked for in the portal.
    pub(crate) async fn replay(&self, brand: &str) -> RunReport {
        let tenant = self.tenant(brand).await;
        self.syncer.replay(&tenant, None, &RunOptions::default()).await.unwrap().unwrap()
    }

    /// As an agency would: it looks at the suggestions and agrees.
    async fn confirm_roles(&self, brand: &str) {
        let (conn, tenant) = (self.db.store.conn(), self.tenant(brand).await);
        for stage in Board::load(conn, tenant.id).await.unwrap().stages() {
            if let StageRole::Unconfirmed(role) = stage.role {
                stage_roles::confirm(conn, tenant.id, &stage.key, role, self.clock.now_ms()).await.unwrap();
            }
        }
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.clock.set(self.clock.now() + time);
    }

    /// Somebody at a browser, signed in already.
    pub(crate) async fn visitor(&self, person: Person) -> Visitor {
        let conn = self.db.store.conn();
        let mut visitor = self.stranger();
        if let Some(user) = users::by_email(conn, person.email()).await.unwrap() {
            let token = SecretString::from(format!("session-{}", self.visits.fetch_add(1, Ordering::Relaxed)));
            let now = self.clock.machine_ms();
            users::open_session(conn, &hash_token(&token), user.id, now, now + 3_600_000).await.unwrap();
            visitor.headers.insert(COOKIE, format!("tb_session={}", token.expose_secret()).parse().unwrap());
        }
        visitor
    }

    /// A script with a token of that person's, and the token's number.
    pub(crate) async fn script(&self, person: Person) -> (Visitor, i64) {
        let conn = self.db.store.conn();
        let user = users::by_email(conn, person.email()).await.unwrap().unwrap();
        let token = new_api_token();
        let id = api_tokens::add(conn, user.id, &hash_token(&token), &token_hint(&token), self.clock.machine_ms()).await.unwrap();
        let mut visitor = self.stranger();
        visitor.headers.insert(AUTHORIZATION, format!("Bearer {}", token.expose_secret()).parse().unwrap());
        (visitor, id)
    }

    /// Somebody who is not signed in.
    pub(crate) fn stranger(&self) -> Visitor {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Visitor { client, site: self.site.clone(), headers: HeaderMap::new() }
    }

    /// As a browser, whom cookies are given to.
    pub(crate) async fn sign_in(&self, person: Person) -> Visitor {
        let answer = self.stranger().sign_in(person.email(), PASSWORD, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let mut visitor = self.stranger();
        visitor.headers.insert(COOKIE, answer.cookie().parse().unwrap());
        visitor
    }
}

/// Still accounts, so that only hands change them. Names differ from brand to brand, but for the odd ones.
fn accounts() -> Config {
    let account = |name: &str, zone, contacts| AccountConfig::frozen(name, zone, contacts);
    Config {
        seed: 11,
        accounts: vec![account("Harbor", "America/Chicago", 160), account("Tidewater", "America/New_York", 130)],
        hostile_text: true,
    }
}

pub(crate) const SCRIPT: &str = "<script>alert(\"crm\")</script>'&";
pub(crate) const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"x\")";

/// What people type, paste, or mean as harm, where the drawn world does not have it.
fn spoil(simulator: &Simulator) {
    let stage = Edit::AddStage { name: SCRIPT.into(), active: true, order: 4, odds: Some(15), contact_type: 1 };
    let hostile =
        ContactEdit::named(&format!("{SCRIPT} {FORMULA}")).id("900001").in_stage(SCRIPT).from_source(FORMULA).worth(90_000);
    let unlisted = ContactEdit::named(FORMULA).id("900002").in_stage("\"><img src=x onerror=alert(1)>").from_source(SCRIPT);
    let not_text = ContactEdit::named("Nora Number")
        .id("900003")
        .with("clients_sales_cycle", true)
        .with("clients_lead_source", json!(["Web"]));
    let blank =
        ContactEdit::named("Bo Blank").id("900004").with("clients_sales_cycle", "  ").with("clients_lead_source", Value::Null);
    let undated = ContactEdit::named("Una Dated").id("900005").with("created", "19/11/2026");
    let shouting = ContactEdit::named("Cass Case").id("900006").with("clients_sales_cycle", "NEW LEAD");
    let spaced = ContactEdit::named("Percy 100% _under").id("900007").in_stage("A & B = C?").from_source("50% #off + more");
    let deal = DealEdit::of("900001").id("800001").worth(75_000).odds(40).with("opportunity_name", FORMULA);
    let apart = DealEdit::unlinked(SCRIPT).id("800002").worth(10);
    let people = [hostile, unlisted, not_text, blank, undated, shouting, spaced].map(Edit::AddContact);
    for edit in [stage].into_iter().chain(people).chain([deal, apart].map(Edit::AddDeal)) {
        simulator.edit(0, edit);
    }
}

async fn furnish(db: &TestDatabase, simulator: &Simulator) {
    let (store, conn) = (&db.store, db.store.conn());
    agency::set(conn, Setting::Name, "Northgate Franchising").await.unwrap();
    agency::set(conn, Setting::Contact, CONTACT).await.unwrap();
    let mut brands = Vec::new();
    for (slug, account) in BRANDS.into_iter().zip(simulator.accounts()) {
        let tenant = tetherboard_testkit::tenant(store, slug, &account.zone).await;
        tetherboard_testkit::web_key(store, tenant.id, &account.web_key).await;
        let logo = format!("a picture of {slug}");
        let changes = Changes { accent: Some("#0F766E"), logo: Some((logo.as_bytes(), "image/png")), ..Changes::default() };
        tenants::set(conn, tenant.id, &changes).await.unwrap();
        brands.push(tenant);
    }
    let hash = hash_password(&SecretString::from(PASSWORD)).unwrap();
    for person in &Person::ALL[1..] {
        let theirs = brands.iter().filter(|brand| *person != Person::Dana && person.may_see(&brand.slug)).map(|brand| brand.id);
        tetherboard_testkit::person(store, person.email(), person.role(), &hash, &theirs.collect::<Vec<_>>()).await;
    }
}

async fn serve(db: &TestDatabase, clock: &Clock, settings: Settings) -> String {
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    let router = Portal::new(db.store.clone(), clock.clone(), settings).router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    site
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Whoever asks, with what they send along.
pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) site: String,
    pub(crate) headers: HeaderMap,
}

impl Visitor {
    pub(crate) async fn get(&self, address: &str) -> Answer {
        Answer::to(self.client.get(format!("{}{address}", self.site)).headers(self.headers.clone())).await
    }

    /// A form that its own page sends.
    pub(crate) async fn post(&self, address: &str, form: &[(&str, &str)]) -> Answer {
        Answer::to(self.client.post(format!("{}{address}", self.site)).headers(self.headers.clone()).form(form)).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str, back: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password), ("back", back)]).await
    }

    pub(crate) async fn json(&self, address: &str) -> Value {
        let answer = self.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text());
        answer.json()
    }

    /// The rows of a list as CSV, without the header.
    pub(crate) async fn csv(&self, address: &str) -> Vec<Vec<String>> {
        let answer = self.get(&with(address, "format=csv")).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text());
        let body = answer.body.strip_prefix(b"\xef\xbb\xbf").expect("a byte-order mark");
        let mut reader = csv::Reader::from_reader(body);
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }
}

/// An address with one more pair in its query.
pub(crate) fn with(address: &str, pair: &str) -> String {
    format!("{address}{}{pair}", if address.contains('?') { '&' } else { '?' })
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        // Bodies stay as they are sent, unless a test asks for brotli.
        let (client, request) = request.build_split();
        let mut request = request.unwrap();
        request.headers_mut().entry(ACCEPT_ENCODING).or_insert("identity".parse().unwrap());
        let answer = client.execute(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Self { status, headers, body: answer.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The cookie that it sets, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_problem(&self) -> bool {
        self.header("content-type") == "application/problem+json" && self.json()["status"] == self.status.as_u16()
    }

    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type") == "text/html; charset=utf-8" && self.text().starts_with("<!DOCTYPE html>")
    }
}

pub(crate) fn moment(text: &Value) -> Timestamp {
    text.as_str().unwrap_or_else(|| panic!("{text} is no moment")).parse().unwrap()
}
