-- A forum: several keys between two tables, keys to itself, junctions with a meaning, row security.
set search_path = forum;

create type badge as enum ('new', 'regular', 'moderator');

create table users (
    id int primary key,
    handle text not null unique,
    badge badge not null default 'new',
    karma int not null default 0,
    settings jsonb not null default '{}'
);

create table profiles (
    id int primary key,
    user_id int not null unique references users,
    about text,
    homepage text
);

create table boards (
    id int primary key,
    name text not null,
    parent_id int references boards
);

create table threads (
    id int primary key,
    board_id int not null references boards,
    author_id int not null references users,
    last_poster_id int references users,
    title text not null,
    pinned boolean not null default false,
    opened timestamp not null
);

create table posts (
    id int primary key,
    thread_id int not null references threads,
    author_id int not null references users,
    parent_id int references posts,
    body text not null,
    written timestamp not null,
    search tsvector generated always as (to_tsvector('english', body)) stored
);

create table labels (
    id int primary key,
    name text not null
);

create table thread_labels (
    thread_id int references threads,
    label_id int references labels,
    primary key (thread_id, label_id)
);

create table votes (
    user_id int references users,
    post_id int references posts,
    value int not null,
    primary key (user_id, post_id)
);

create table messages (
    id int primary key,
    sender_id int not null constraint sender references users,
    recipient_id int not null constraint recipient references users,
    subject text,
    read boolean not null default false
);

-- A junction from a table to itself.
create table follows (
    follower_id int constraint follower references users,
    followed_id int constraint followed references users,
    primary key (follower_id, followed_id)
);

create table reports (
    id int primary key,
    post_id int not null references posts,
    reporter text not null,
    reason text
);
alter table reports enable row level security;
create policy mine on reports to customer
    using (reporter = current_setting('request.jwt.claims', true)::json ->> 'sub')
    with check (reporter = current_setting('request.jwt.claims', true)::json ->> 'sub');
create policy everything on reports to shopper using (true) with check (true);

create view thread_overview as
    select t.id as thread, t.title as subject, t.board_id as board, t.author_id as starter, t.pinned,
        (select count(*) from posts p where p.thread_id = t.id) as answers
    from threads t;
create view busy_threads as
    select thread as busy_id, subject as busy_subject, starter as busy_starter, answers as busy_answers
    from thread_overview where answers > 5;
create materialized view board_stats as
    select b.id as board_id, b.name, count(t.id) as threads
    from boards b left join threads t on t.board_id = b.id group by b.id;

-- A view that is written to by a trigger.
create view user_cards as
    select u.id, u.handle, p.about from users u left join profiles p on p.user_id = u.id;
create function write_card() returns trigger language plpgsql as $$
begin
    update forum.users set handle = new.handle where id = old.id;
    return new;
end $$;
create trigger write_card instead of update on user_cards for each row execute function write_card();

-- Computed columns and relationships.
create function initial(forum.users) returns text language sql immutable as $$ select left($1.handle, 1) $$;
create function post_count(forum.threads) returns bigint language sql stable
    as $$ select count(*) from forum.posts where thread_id = $1.id $$;
create function first_post(forum.threads) returns setof forum.posts rows 1 language sql stable
    as $$ select * from forum.posts where thread_id = $1.id order by id limit 1 $$;
create function liked_posts(forum.users) returns setof forum.posts language sql stable
    as $$ select p.* from forum.posts p join forum.votes v on v.post_id = p.id where v.user_id = $1.id and v.value > 0 $$;

create function find_posts(words text, best int default 100) returns setof forum.posts language sql stable
    as $$ select * from forum.posts where search @@ plainto_tsquery('english', words) order by id limit best $$;
create function karma_of(handle text) returns int language sql stable
    as $$ select karma from forum.users u where u.handle = karma_of.handle $$;
create function describe(id int, out handle text, out badge forum.badge) language sql stable
    as $$ select u.handle, u.badge from forum.users u where u.id = describe.id $$;
create function open_thread(id int, board int, author int, title text) returns forum.threads language sql
    as $$ insert into forum.threads values (id, board, author, null, title, false, '2024-09-01') returning * $$;
