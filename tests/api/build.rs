//! Tells the tests which servers they may use, so that those of a missing one are listed as ignored.

fn main() {
    println!("cargo::rerun-if-changed=tests/api/build.rs");
    for (cfg, variable) in [
        ("test_postgres", "TWOSTEP_TEST_POSTGRES_URL"),
        ("test_mariadb", "TWOSTEP_TEST_MARIADB_URL"),
        ("test_redis", "TWOSTEP_TEST_REDIS_URL"),
    ] {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
        println!("cargo::rerun-if-env-changed={variable}");
        if std::env::var_os(variable).is_some_and(|url| !url.is_empty()) {
            println!("cargo::rustc-cfg={cfg}");
        }
    }
}
