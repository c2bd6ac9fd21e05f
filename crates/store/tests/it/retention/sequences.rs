//! Random sequences of reads, deletions, and sweeps.

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// A read of contacts from a first number, in pages of a certain size, several times; then records use some of its rows.
    Read {
        from: usize,
        count: usize,
        a_page: usize,
        records: usize,
    },
    /// A response that is not a list.
    ReadOdd(Vec<u8>),
    Forget(usize),
    Sweep,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..60, 0_usize..50, 1_usize..20, 0_usize..3)
            .prop_map(|(from, count, a_page, records)| Step::Read { from, count, a_page, records }),
        1 => vec(any::<u8>(), 0..6).prop_map(Step::ReadOdd),
        4 => (0_usize..8).prop_map(Step::Forget),
        3 => Just(Step::Sweep),
    ]
}

/// What must be readable: the bodies of runs with stored responses, and the rows of records.
#[derive(Default)]
struct Model {
    runs: Vec<(RunId, Dataset, Vec<Body>)>,
    records: BTreeMap<String, (RowNo, Vec<u8>)>,
}

impl Model {
    async fn take(&mut self, db: &TestDatabase, brand: TenantId, turn: usize, step: Step) {
        match step {
            Step::Read { from, count, a_page, records } => {
                let rows: Vec<String> = (from..from + count).map(row).collect();
                let bodies: Vec<Body> = rows.chunks(a_page).map(page).collect();
                let places = self.read(db, brand, turn, bodies).await.concat();
                for (row, place) in rows.iter().zip(places).take(records) {
                    let id = (turn % 5).to_string();
                    leads::put(db.store.conn(), brand, &[(meta(&id, place), lead("x"))], &[]).await.unwrap();
                    self.records.insert(id, (place, row.clone().into_bytes()));
                }
            }
            Step::ReadOdd(bytes) => drop(self.read(db, brand, turn, vec![unsplit(&bytes)]).await),
            Step::Forget(which) if which < self.runs.len() => forget(db, brand, &self.runs.remove(which).0).await,
            Step::Forget(_) => {}
            Step::Sweep => {
                if let SweepOutcome::Done { .. } = sweep(db, brand).await {
                    self.check_swept(db, brand).await;
                }
            }
        }
    }

    async fn read(&mut self, db: &TestDatabase, brand: TenantId, turn: usize, bodies: Vec<Body>) -> Vec<Vec<RowNo>> {
        let conn = db.store.conn();
        let dataset = Dataset::ALL[turn % Dataset::ALL.len()];
        let lease = leases::claim(conn, brand, "worker", NOW_MS, NOW_MS + 60_000).await.unwrap().unwrap();
        let run = runs::start(conn, brand, Trigger::Schedule, NOW_MS).await.unwrap().id;
        let places = store_responses(db, brand, &run, dataset, &sample_responses(&bodies)).await;
        runs::finish(conn, &run, RunStatus::Succeeded, NOW_MS).await.unwrap();
        leases::release(conn, &lease).await.unwrap();
        self.runs.push((run, dataset, bodies));
        places
    }

    async fn check(&self, db: &TestDatabase, brand: TenantId) {
        let conn = db.store.conn();
        for (run, dataset, bodies) in &self.runs {
            let pages = snapshots::pages(conn, brand, run, *dataset).await.unwrap();
            assert_eq!(pages.len(), bodies.len());
            for (page, sample) in pages.iter().zip(bodies) {
                let bytes = snapshots::body(conn, brand, run, *dataset, page.page_no).await.unwrap();
                assert_eq!(bytes.as_deref(), Some(&*sample.bytes));
            }
        }
        let mut reader = RowReader::new(brand);
        for (place, row) in self.records.values() {
            assert_eq!(reader.row(conn, *place).await.unwrap(), row);
        }
        // Each hash leads to the row with that hash, so that no row is mistaken for another.
        let text = format!("SELECT hash, row_no FROM raw_rows WHERE tenant_id = {brand}");
        for found in conn.query_all_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap() {
            let (hash, place): (Vec<u8>, RowNo) = (found.try_get_by_index(0).unwrap(), found.try_get_by_index(1).unwrap());
            assert_eq!(blake3::hash(reader.row(conn, place).await.unwrap()).as_bytes()[..16], hash);
        }
    }

    /// After a sweep exactly the used bodies exist, and no frame without live rows.
    async fn check_swept(&self, db: &TestDatabase, brand: TenantId) {
        let named: BTreeSet<&[u8]> = self.runs.iter().flat_map(|(.., bodies)| bodies).map(|body| &*body.bytes).collect();
        let bodies = number(db, &format!("SELECT COUNT(*) FROM snapshot_bodies WHERE tenant_id = {brand}")).await;
        assert_eq!(bodies, i64::try_from(named.len()).unwrap());
        let conn = db.store.conn();
        let mut standing: BTreeSet<i64> = self.records.values().map(|(place, _)| place >> 16).collect();
        for (run, dataset, _) in &self.runs {
            for page in snapshots::pages(conn, brand, run, *dataset).await.unwrap() {
                standing.extend(snapshots::row_nos(conn, brand, &page).await.unwrap().iter().map(|place| place >> 16));
            }
        }
        let text = format!("SELECT COUNT(*) FROM raw_frames WHERE tenant_id = {brand}");
        assert_eq!(number(db, &text).await, i64::try_from(standing.len()).unwrap());
    }
}

/// Rows of many lengths, including an empty one.
fn row(number: usize) -> String {
    match number % 13 {
        0 => String::new(),
        length => format!("{{\"id\":{number},\"text\":\"{}\"}}", "y".repeat(length * length)),
    }
}

#[rstest]
#[case(Sqlite, 60)]
#[case(Postgres, 8)]
fn any_sequence_of_reads_deletions_and_sweeps_keeps_what_is_used(#[case] kind: Kind, #[case] cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (db, _) = runtime.block_on(harbor(kind));
    let histories = AtomicUsize::new(0);
    proptest!(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(cases) }, |(steps in vec(any_step(), 1..16))| {
        let history = histories.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(async {
            let brand = tenant(&db.store, &format!("brand-{history}"), "UTC").await.id;
            let mut model = Model::default();
            for (turn, step) in steps.into_iter().enumerate() {
                model.take(&db, brand, turn, step).await;
            }
            model.check(&db, brand).await;
            model.take(&db, brand, 0, Step::Sweep).await;
            model.check(&db, brand).await;
        });
    });
}
