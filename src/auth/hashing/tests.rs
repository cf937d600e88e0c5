use super::*;

fn settings() -> HashSettings {
    HashSettings {
        memory_kib: 64,
        iterations: 2,
        parallelism: 1,
        threads: 1,
        queue: 4,
        patience: Duration::from_secs(10),
    }
}

fn pool(settings: &HashSettings) -> HashPool {
    HashPool::start(settings).unwrap()
}

impl HashPool {
    async fn panic(&self) -> Result<bool, Busy> {
        self.submit(&Password::new("x"), Work::Panic).await
    }
}

/// Keeps the only thread of a pool busy for as long as some hash takes.
fn slow(settings: &HashSettings) -> HashPool {
    pool(&HashSettings { memory_kib: 64 * 1024, iterations: 4, ..settings.clone() })
}

#[tokio::test]
async fn a_hash_belongs_to_its_password_and_to_no_other() {
    let pool = pool(&settings());
    let (tulip, rose) = (Password::new("tulip"), Password::new("rose"));

    let phc = pool.hash(&tulip).await.unwrap();
    let again = pool.hash(&tulip).await.unwrap();

    assert!(phc.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
    assert_ne!(phc, again);
    assert!(pool.verify(&tulip, &phc).await.unwrap());
    assert!(!pool.verify(&rose, &phc).await.unwrap());
    assert!(!pool.verify(&tulip, pool.dummy()).await.unwrap());
    assert!(!pool.verify(&tulip, "no hash at all").await.unwrap());
    assert!(accepts(&phc).is_ok() && accepts(pool.dummy()).is_ok());
}

#[tokio::test]
async fn the_reused_memory_gives_what_fresh_memory_gives() {
    let pool = pool(&HashSettings { memory_kib: 4096, ..settings() });
    let password = Password::new("tulip");
    for _ in 0..3 {
        let phc = pool.hash(&password).await.unwrap();
        let stored = Stored::parse(&phc).unwrap();

        assert!(stored.matches(b"tulip", |argon2, salt, out| {
            argon2.hash_password_into(b"tulip", salt, out).is_ok()
        }));
    }
}

#[tokio::test]
async fn larger_and_smaller_parameters_of_an_import_are_checked_too() {
    let (small, large) = (pool(&settings()), pool(&HashSettings { memory_kib: 1024, ..settings() }));
    let password = Password::new("tulip");

    let of_small = small.hash(&password).await.unwrap();
    let of_large = large.hash(&password).await.unwrap();

    assert!(large.verify(&password, &of_small).await.unwrap());
    assert!(small.verify(&password, &of_large).await.unwrap());
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "the hashing threads wait for it, this one does not")]
async fn memory_besides_its_own_is_taken_by_one_thread_at_a_time() {
    // Lanes share what there is in equal parts: eight make less of 70 KiB than one does.
    let own = HashSettings { memory_kib: 70, parallelism: 8, threads: 2, ..settings() };
    let pool = pool(&own);
    let password = Password::new("tulip");
    let ours = pool.hash(&password).await.unwrap();
    let larger = self::pool(&HashSettings { memory_kib: own.memory_kib * 2, ..settings() });
    let imported = larger.hash(&password).await.unwrap();
    let of_one_lane = self::pool(&HashSettings { parallelism: 1, ..own }).hash(&password).await.unwrap();
    let scrypt = "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    for foreign in [&imported, &of_one_lane, scrypt] {
        let taken = pool.0.gate.lock().unwrap();
        let mut waiting = Box::pin(pool.verify(&password, foreign));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut waiting).await.is_err());
        assert!(pool.verify(&password, &ours).await.unwrap());
        drop(taken);

        assert_eq!(waiting.await.unwrap(), foreign != scrypt);
    }
}

#[tokio::test]
async fn only_weaker_hashes_are_hashed_again() {
    let pool = pool(&settings());
    let phc = pool.hash(&Password::new("tulip")).await.unwrap();

    assert!(!pool.needs_rehash(&phc));
    assert!(!pool.needs_rehash(&phc.replace("m=64", "m=128")));
    assert!(pool.needs_rehash(&phc.replace("m=64", "m=32")));
    assert!(pool.needs_rehash(&phc.replace("t=2", "t=1")));
    assert!(pool.needs_rehash(&phc.replace("argon2id", "argon2i")));
    assert!(pool.needs_rehash(&phc.replace("v=19", "v=16")));
    assert!(pool.needs_rehash(&bcrypt::hash("tulip", 4).unwrap()));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let pool = slow(&HashSettings { queue: 1, ..settings() });
    let password = Password::new("tulip");

    let asked = (0..12).map(|_| pool.hash(&password));
    let answers = futures_util::future::join_all(asked).await;

    let refused = answers.iter().filter(|answer| answer.is_err()).count();
    assert!((10..12).contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_job_that_waited_too_long_is_refused() {
    let pool = pool(&HashSettings { patience: Duration::ZERO, ..settings() });

    assert!(pool.hash(&Password::new("tulip")).await.is_err());
}

#[tokio::test]
async fn a_panic_costs_one_job() {
    let pool = pool(&settings());
    let password = Password::new("tulip");

    let panicked = pool.panic().await;
    let phc = pool.hash(&password).await.unwrap();

    assert!(panicked.is_err());
    assert!(pool.verify(&password, &phc).await.unwrap());
}

#[test]
fn parameters_that_are_none_are_refused() {
    assert!(HashPool::start(&HashSettings { memory_kib: 1, ..settings() }).is_err());
    assert!(HashPool::start(&HashSettings { iterations: 0, ..settings() }).is_err());
}

/// Run with `cargo test --lib huge_pages_are_worth_it -- --ignored --nocapture`.
#[test]
#[ignore = "measures; its figures depend on the machine"]
fn huge_pages_are_worth_it() {
    use huge_pages::Memory;
    let params = Params::new(19_456, 2, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut memories = [Memory::plain(19_456), Memory::new(19_456)];
    let mut spent = [Duration::ZERO; 2];
    for _ in 0..300 {
        for (memory, spent) in memories.iter_mut().zip(&mut spent) {
            let start = Instant::now();
            argon2
                .hash_password_into_with_memory(b"tulip", b"saltsalt", &mut [0; 32], &mut **memory)
                .unwrap();
            *spent += start.elapsed();
        }
    }
    let [plain, huge] = spent.map(|spent| 300.0 / spent.as_secs_f64());
    println!("plain {plain:.1}/s, huge {huge:.1}/s, ratio {:.3}", huge / plain);
    assert!(huge > plain * 1.05);
}
