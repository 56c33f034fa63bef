//! A project's SQL: what a first start applies, `migration …`, `db reset` and `db dump`, against a running backend.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{ferrobase, stderr, stdout};

const CONFIG: &str = "project_id = \"workflow\"\n[api]\nport = 0\n[db]\nport = 0\n[db.seed]\nsql_paths = [\"./seed.sql\", \"seeds/*.sql\"]\n[local_smtp]\nport = 0\n";

/// What migrations of real projects have in them.
const FIRST: &str = r#"
create extension if not exists "uuid-ossp" with schema extensions;
CREATE EXTENSION IF NOT EXISTS citext;
create extension if not exists pg_graphql;

-- Profiles follow users; a semicolon; in a comment.
create table public.profiles (
    id uuid primary key references auth.users on delete cascade,
    name citext default 'no; name'
);
alter table public.profiles enable row level security;
create policy "own; profile" on public.profiles for select using ((select auth.uid()) = id);

create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into public.profiles (id, name) values (new.id, new.raw_user_meta_data ->> 'name');
    return new;
end;
$$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();

insert into storage.buckets (id, name) values ('avatars', 'avatars');
create policy "avatars" on storage.objects for select using (bucket_id = 'avatars');

create function public.twice(n int) returns int begin atomic select n; select n * 2; end;
alter publication supabase_realtime add table public.profiles;
create function public.watched() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watching on ddl_command_end execute function public.watched();
alter default privileges for role supabase_admin in schema public grant all on tables to anon;
create schema private;
create type private.mood as enum ('good', 'bad');
"#;

/// A project in a folder that the database's own user can reach.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let supabase = folder.path().join("supabase");
    fs::create_dir_all(supabase.join("migrations")).unwrap();
    fs::create_dir_all(supabase.join("seeds")).unwrap();
    for (name, text) in [
        ("config.toml", CONFIG),
        ("roles.sql", "create role app_reader;"),
        ("migrations/20240101000000_first.sql", FIRST),
        (
            "migrations/20240102000000_second.sql",
            "begin;\ncreate table public.todos (id int primary key, text text);\ncommit;\n",
        ),
        ("migrations/notes.sql", "this is no migration"),
        (
            "seed.sql",
            "insert into auth.users (id, email, raw_user_meta_data) values ('11111111-1111-4111-8111-111111111111', 'ann@example.com', '{\"name\": \"Ann\"}');",
        ),
        ("seeds/todos.sql", "insert into public.todos values (1, 'one');"),
    ] {
        fs::write(supabase.join(name), text).unwrap();
    }
    folder
}

struct Started(Child);

impl Started {
    /// Starts the backend and waits until it is found.
    fn in_folder(folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ferrobase"))
            .arg("start")
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self(child);
        let end = Instant::now() + Duration::from_secs(60);
        while !ferrobase(folder, &["db", "url"]).status.success() {
            assert!(Instant::now() < end, "the backend did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        self.0.wait().ok();
    }
}

/// What a query of the running database answers.
fn query(folder: &Path, sql: &str) -> String {
    let url = stdout(&ferrobase(folder, &["db", "url"]));
    let output = Command::new("psql")
        .args([url.trim(), "-XAtc", sql])
        .output()
        .unwrap();
    assert!(output.status.success(), "{sql}: {}", stderr(&output));
    stdout(&output).trim().to_owned()
}

/// Runs the program with a text on stdin.
fn with_stdin(folder: &Path, arguments: &[&str], text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ferrobase"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    stderr(output)
}

#[test]
fn a_first_start_applies_all_and_the_commands_go_on_from_there() {
    let folder = project();
    let folder = folder.path();
    let _started = Started::in_folder(folder);
    let versions = "select string_agg(version || ' ' || name || ' ' || cardinality(statements), ',' order by version) from supabase_migrations.schema_migrations";
    assert_eq!(
        query(folder, versions),
        "20240101000000 first 17,20240102000000 second 3"
    );
    assert_eq!(query(folder, "select name from public.profiles"), "Ann");
    assert_eq!(query(folder, "select text from public.todos"), "one");
    assert_eq!(
        query(
            folder,
            "select string_agg(path, ',' order by path) from supabase_migrations.seed_files"
        ),
        "supabase/seed.sql,supabase/seeds/todos.sql"
    );
    // Everything is the project's own, and what hosted projects elevate is there.
    assert_eq!(
        query(
            folder,
            "select distinct tableowner from pg_tables where schemaname = 'public'"
        ),
        "postgres"
    );
    assert_eq!(
        query(
            folder,
            "select count(*) from pg_publication_tables where pubname = 'supabase_realtime'"
        ),
        "1"
    );
    assert_eq!(
        query(
            folder,
            "select count(*) from pg_event_trigger where evtname = 'watching'"
        ),
        "1"
    );
    assert_eq!(query(folder, "select public.twice(4)"), "8");
    one_more(folder);
    one_that_fails(folder);
    older_than_the_last(folder);
    a_dump(folder);
    everything_anew(folder);
}

/// One more, from stdin.
fn one_more(folder: &Path) {
    let made = with_stdin(
        folder,
        &["migration", "new", "add done"],
        "alter table todos add column done boolean default false;\n",
    );
    assert!(
        good(&made).starts_with("Created new migration at supabase/migrations/2"),
        "{}",
        stderr(&made)
    );
    let listed = stdout(&ferrobase(folder, &["migration", "list"]));
    assert!(listed.contains("2024-01-01 00:00:00"), "{listed}");
    assert_eq!(listed.matches("20240102000000").count(), 2, "{listed}");
    let applied = good(&ferrobase(folder, &["migration", "up"]));
    assert!(
        applied.contains("Applying migration 2") && applied.contains("_add_done.sql..."),
        "{applied}"
    );
    assert_eq!(query(folder, "select done from public.todos"), "f");
    assert_eq!(
        good(&ferrobase(folder, &["migration", "up"])),
        "Local database is up to date.\n"
    );
}

/// One that fails leaves nothing of itself, and says where.
fn one_that_fails(folder: &Path) {
    let path = folder.join("supabase/migrations/29990101000000_bad.sql");
    fs::write(&path, "create table half ();\n\ninsert into nowhere values (1);").unwrap();
    let failed = ferrobase(folder, &["migration", "up"]);
    assert!(!failed.status.success());
    let text = stderr(&failed);
    assert!(
        text.contains("29990101000000_bad.sql: statement 2 (line 3)")
            && text.contains("42P01")
            && text.contains("insert into nowhere"),
        "{text}"
    );
    assert_eq!(query(folder, "select to_regclass('public.half') is null"), "t");
    fs::write(&path, "create extension vector;").unwrap();
    let text = stderr(&ferrobase(folder, &["migration", "up"]));
    assert!(
        text.contains("\"vector\" is not on this PostgreSQL server"),
        "{text}"
    );
    fs::remove_file(&path).unwrap();
}

/// Older than the last one that is applied.
fn older_than_the_last(folder: &Path) {
    fs::write(
        folder.join("supabase/migrations/20240101120000_between.sql"),
        "create table between_them ();",
    )
    .unwrap();
    let text = stderr(&ferrobase(folder, &["migration", "up"]));
    assert!(
        text.contains("20240101120000_between.sql") && text.contains("--include-all"),
        "{text}"
    );
    good(&ferrobase(folder, &["migration", "up", "--include-all"]));
    good(&ferrobase(
        folder,
        &["migration", "repair", "--status", "reverted", "20240101120000"],
    ));
    assert_eq!(
        query(
            folder,
            "select count(*) from supabase_migrations.schema_migrations where version = '20240101120000'"
        ),
        "0"
    );
    good(&ferrobase(
        folder,
        &["migration", "repair", "--status", "applied", "20240101120000"],
    ));
    assert_eq!(
        query(
            folder,
            "select name from supabase_migrations.schema_migrations where version = '20240101120000'"
        ),
        "between"
    );
}

/// A dump has the project's own, and only that.
fn a_dump(folder: &Path) {
    let dumped = stdout(&ferrobase(folder, &["db", "dump"]));
    assert!(
        dumped.contains("CREATE TABLE \"public\".\"todos\"")
            && dumped.contains("\"private\".\"mood\"")
            && !dumped.contains("\"auth\".\"sessions\""),
        "{dumped}"
    );
    let data = stdout(&ferrobase(folder, &["db", "dump", "--data-only"]));
    assert!(
        data.contains("INSERT INTO \"auth\".\"users\"")
            && data.contains("'one'")
            && !data.contains("_ferrobase"),
        "{data}"
    );
    let roles = stdout(&ferrobase(folder, &["db", "dump", "--role-only"]));
    assert!(
        roles.contains("CREATE ROLE \"app_reader\";")
            && !roles.contains("CREATE ROLE \"anon\"")
            && !roles.contains("supabase_admin"),
        "{roles}"
    );
}

/// Everything as a fresh start makes it.
fn everything_anew(folder: &Path) {
    query(
        folder,
        "create table by_hand (); create schema other; insert into todos values (2, 'two'); insert into auth.users (id) values (gen_random_uuid())",
    );
    let text = good(&ferrobase(folder, &["db", "reset"]));
    assert!(
        text.contains("Applying migration 20240101000000_first.sql...")
            && text.contains("Seeding data from supabase/seed.sql..."),
        "{text}"
    );
    assert_eq!(
        query(folder, "select count(*), min(text) from public.todos"),
        "1|one"
    );
    assert_eq!(query(folder, "select count(*) from auth.users"), "1");
    assert_eq!(
        query(
            folder,
            "select to_regclass('public.by_hand') is null and to_regnamespace('other') is null"
        ),
        "t"
    );
    assert_eq!(query(folder, "select count(*) from pg_event_trigger"), "3");
    // And again without the seed, up to the first.
    good(&ferrobase(
        folder,
        &["db", "reset", "--no-seed", "--version", "20240101000000"],
    ));
    assert_eq!(
        query(
            folder,
            "select to_regclass('public.todos') is null and not exists (select from auth.users)"
        ),
        "t"
    );
}

#[test]
fn a_first_start_that_fails_begins_anew() {
    let folder = project();
    let folder = folder.path();
    let seed = folder.join("supabase/seed.sql");
    let good_seed = fs::read(&seed).unwrap();
    fs::write(&seed, "insert into nowhere values (1);").unwrap();
    let failed = ferrobase(folder, &["start"]);
    let text = stderr(&failed);
    assert!(
        !failed.status.success() && text.contains("supabase/seed.sql: statement 1 (line 1)"),
        "{text}"
    );
    fs::write(&seed, good_seed).unwrap();
    let _started = Started::in_folder(folder);
    assert_eq!(query(folder, "select name from public.profiles"), "Ann");
}
