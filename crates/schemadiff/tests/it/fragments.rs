//! Schemas put together at random of parts that come in several shapes.

use std::fmt::Write;

use crate::{Server, turn_into};

/// Of each part one shape, or none, is taken. Parts come in an order in which all shapes of one fit all shapes of those before.
const PARTS: &[&[&str]] = &[
    &[
        "create type status as enum ('new', 'done');",
        "create type status as enum ('new', 'waiting', 'done');",
        "create type status as enum ('done', 'new');",
    ],
    &[
        "create table users (id bigint generated always as identity primary key, name text);",
        "create table users (id bigint generated always as identity primary key, name varchar(80) not null, status status default 'new');",
        "create table users (id bigint primary key, name text, born date, status text default 'done');",
    ],
    &[
        "create table posts (id serial primary key, author bigint references users on delete cascade, body text);",
        "create table posts (id int primary key, author bigint constraint written_by references users, body text check (body <> ''), state status not null default 'done');",
    ],
    &[
        "create function owns(post posts) returns boolean stable language sql as $$ select post.author = 1 $$;",
        "create function owns(post posts) returns boolean stable language sql as $$ select post.author = 2 $$; create index posts_author on posts (author);",
        "create function owns(a posts) returns int stable language sql as $$ select 1 $$;",
    ],
    &[
        "create view feed as select p.id, p.body, u.name from posts p join users u on u.id = p.author; grant select on feed to anon;",
        "create view feed with (security_invoker = on) as select u.name, p.id from posts p join users u on u.id = p.author;",
    ],
    &[
        "create view feed_names as select name from feed; create policy reading on posts for select using (author > 0);",
        "create view feed_names as select name, id from feed; create policy reading on posts for select to anon using (body is not null); alter table posts enable row level security;",
    ],
    &[
        "create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touching before update on posts for each row execute function touch();",
        "create function touch() returns trigger language plpgsql as 'begin return null; end'; create trigger touching before update of body on users for each row execute function touch();",
    ],
];

/// Fills in for parts that others need and that were left out.
const NEEDED: usize = 6;

/// Numbers that only look random: a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn schema(numbers: &mut Numbers) -> String {
    let mut schema = String::new();
    for (place, shapes) in PARTS.iter().enumerate() {
        let choice = numbers.below(shapes.len() + usize::from(place >= NEEDED));
        if let Some(shape) = shapes.get(choice) {
            let shape = if place == NEEDED {
                shape.replace("of body on users", "of name on users")
            } else {
                (*shape).to_owned()
            };
            let _ = writeln!(schema, "{shape}");
        }
    }
    schema
}

#[tokio::test]
async fn random_schemas_become_each_other() {
    let mut server = Server::start().await;
    let mut numbers = Numbers(7);
    let changing = server.database(&schema(&mut numbers)).await;
    for _ in 0..20 {
        let schema = schema(&mut numbers);
        let target = server.database(&schema).await;
        turn_into(&changing, &target).await;
        target.close();
    }
    server.stop().await;
}
