-- The shop's functions: computed columns and relationships, and those that are called.
set search_path = shop;

create function label(shop.products) returns text language sql immutable as $$ select $1.sku || ': ' || $1.name $$;
create function label(shop.customers) returns text language sql immutable
    as $$ select $1.name || ' <' || $1.email || '>' $$;
create function order_total(shop.orders) returns numeric language sql stable
    as $$ select sum(total) from shop.order_lines l where l.order_id = $1.id and l.placed_on = $1.placed_on $$;

create function latest_order(shop.customers) returns setof shop.orders rows 1 language sql stable
    as $$ select * from shop.orders where customer_id = $1.id order by placed_on desc, id desc limit 1 $$;
create function similar_products(shop.products) returns setof shop.products language sql stable
    as $$ select * from shop.products p where p.category_id = $1.category_id and p.id <> $1.id $$;
create function bought_by(shop.products) returns setof shop.customers language sql stable
    as $$ select distinct c.* from shop.order_lines l join shop.orders o on (o.id, o.placed_on) = (l.order_id, l.placed_on)
        join shop.customers c on c.id = o.customer_id where l.product_id = $1.id $$;

create function add(a int, b int default 2) returns int language sql immutable as $$ select a + b $$;
create function products_under(most numeric) returns setof shop.products language sql stable
    as $$ select * from shop.products where price < most $$;
create function product(wanted int) returns shop.products language sql stable
    as $$ select * from shop.products where id = wanted $$;
create function sales(since date default '2023-01-01') returns table (product_id int, sold bigint, revenue numeric)
    language sql stable
    as $$ select product_id, sum(quantity), sum(total) from shop.order_lines where placed_on >= since group by product_id $$;
create function packed() returns table (number int, box shop.size, words text[], facts jsonb, body text)
    language sql stable
    as $$ select id, box, array[name, sku], attributes, 'All are running: ' || name from shop.products $$;
create function ping() returns void language sql immutable as $$ select null $$;
create function joined(variadic words text[]) returns text language sql immutable as $$ select array_to_string(words, '+') $$;
create function greet() returns text language sql immutable as $$ select 'hello' $$;
create function greet(name text) returns text language sql immutable as $$ select 'hello ' || name $$;
create function greet(name text, title text) returns text language sql immutable
    as $$ select 'hello ' || title || ' ' || name $$;
create function echo(json) returns json language sql immutable as $$ select $1 $$;
create function shout(text) returns text language sql immutable as $$ select upper($1) $$;
create function regions() returns setof shop.region language sql immutable
    as $$ select unnest(enum_range(null::shop.region)) $$;
create function evens(most int) returns int[] language sql immutable
    as $$ select array(select generate_series(2, most, 2)) $$;
create function divide(a int, b int, out quotient int, out remainder int) language sql immutable
    as $$ select a / b, a % b $$;
create function half(a int, out result numeric) language sql immutable as $$ select a / 2.0 $$;
create function as_json(id int) returns jsonb language sql stable
    as $$ select attributes from shop.products p where p.id = as_json.id $$;
create function sum_of(numbers int[]) returns bigint language sql immutable
    as $$ select sum(n) from unnest(numbers) n $$;
create function paint(id int, color shop.color) returns shop.products language sql
    as $$ update shop.products p set color = paint.color where p.id = paint.id returning * $$;
create function sell(customer int, product int, quantity int default 1) returns setof shop.order_lines
    language plpgsql as $$
begin
    insert into shop.orders (id, placed_on, customer_id, billing_id)
        select 9000, '2024-12-24', customer, min(id) from shop.addresses where customer_id = customer;
    return query insert into shop.order_lines (order_id, placed_on, line, product_id, quantity, unit_price)
        select 9000, '2024-12-24', 1, p.id, sell.quantity, p.price from shop.products p where p.id = product returning *;
end $$;

create function maybe(out a int, out b int) language sql immutable as $$ select 1, null::int $$;
create function tick() returns int language sql volatile as $$ select 1 $$;
create function tick(step int) returns int language sql immutable as $$ select step $$;
create function refuse(code text) returns void language plpgsql immutable
    as $$ begin raise exception using errcode = code, message = 'Refused'; end $$;

-- Whatever runs in a statement that was not ours would leave a trace here.
create function public.trip() returns int language sql security definer
    as $$ select nextval('hidden.tripwire')::int $$;

grant usage on schema shop, forum, public to shopper, customer, reader;
grant usage on schema hidden to shopper;
grant usage on all sequences in schema hidden, shop to shopper;
grant all on all tables in schema shop, forum to shopper;
grant select on all tables in schema shop, forum to reader;
grant select, insert, update, delete on shop.notes, forum.reports, forum.posts to customer;
-- Statements that got out of hand could do anything.
grant create on schema shop, public to shopper;
