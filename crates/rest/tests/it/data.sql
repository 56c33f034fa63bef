-- A few hundred rows, the same at every run.
set search_path = shop;

insert into countries values ('de', 'Germany', 'north'), ('it', 'Italy', 'south'), ('jp', 'Japan', 'overseas'),
    ('se', 'Sweden', 'north'), ('br', 'Brazil', 'overseas');

insert into customers (id, name, email, country, referrer_id, tags, profile, credit, joined)
select n, 'Customer ' || n, 'c' || n || '@example.org', (array['de', 'it', 'jp', 'se'])[n % 4 + 1],
    case when n % 3 = 0 then n / 3 end,
    case n % 4 when 0 then array['vip', 'early'] when 1 then array['early'] when 2 then '{}' else array['b2b', 'vip'] end,
    jsonb_build_object('age', 20 + n, 'langs', jsonb_build_array('en', (array['de', 'it', 'ja'])[n % 3 + 1]),
        'news', n % 2 = 0, 'address', jsonb_build_object('zip', (10000 + n * 7)::text)),
    n * 12.5, date '2023-01-01' + n * 17
from generate_series(1, 30) n;
insert into customers (id, name, email, country) values (31, 'O''Brien, "Bob" (\)', 'bob@example.org', 'br');

insert into addresses
select n, (n - 1) % 30 + 1, n || ' Main Street', (array['Berlin', 'Rome', 'Kyoto', 'Lund', 'Bari'])[n % 5 + 1],
    (array['home', 'work', 'other'])[n % 3 + 1]::address_kind,
    daterange(date '2022-01-01' + n, case when n % 7 > 0 then date '2024-01-01' + n end)
from generate_series(1, 45) n;

insert into suppliers values (1, 'Acme', 'de'), (2, 'Bolt', 'it'), (3, 'Cogs', 'jp'), (4, 'Dynamo', null);
insert into categories values (1, 'All', null), (2, 'Tools', 1), (3, 'Toys', 1), (4, 'Saws', 2), (5, 'Drills', 2),
    (6, 'Robots', 3), (7, 'Empty', 3);

insert into products (id, sku, name, category_id, supplier_id, price, color, attributes, tags, sizes, box, status, created_at)
select n, 'P-' || lpad(n::text, 3, '0'),
    (array['Red', 'Quick', 'Silent', 'Heavy', 'Running'])[n % 5 + 1] || ' ' || (array['saw', 'drill', 'robot', 'hammers'])[n % 4 + 1],
    case when n % 10 > 0 then n % 5 + 2 end, case when n % 6 > 0 then n % 4 + 1 end, 5 + n * 1.25,
    case when n % 4 > 0 then (n * 65793) % 16777216 end,
    jsonb_build_object('power', n * 10, 'parts', jsonb_build_array(n, jsonb_build_object('name', 'bolt ' || n)), 'eco', n % 2 = 0)
        || case when n % 3 = 0 then '{"odd key": "x,y", "a-b": null}'::jsonb else '{}' end,
    (array[array['new', 'sale'], array['sale', 'eco'], array['used', 'eco']])[n % 3 + 1 : n % 3 + 1][1:2]::text[],
    int4range(n % 7, n % 7 + 5), row(n, n * 2, 'cm')::size,
    (array['draft', 'active', 'active', 'discontinued'])[n % 4 + 1]::product_status, '2024-03-01 12:00+00'::timestamptz + n * interval '7 hours'
from generate_series(1, 40) n;
update products set tags = array(select unnest(tags));

insert into product_details select n, n * 0.125, 'Manual of ' || n, array[[n, n + 1], [n + 2, n + 3]]
from generate_series(2, 40, 2) n;
insert into warehouses values ('north', 1, 'Kiel'), ('north', 2, 'Oslo'), ('south', 1, 'Bari'), ('overseas', 1, 'Osaka');
insert into stock
select p, w.region, w.number, (p * 7 + w.number * 3 + length(w.name)) % 50, timestamp '2024-05-01 08:00' + p * interval '1 hour'
from generate_series(1, 40) p, warehouses w where (p + w.number + length(w.name)) % 3 > 0 and p % 8 > 0;
insert into tags values (1, 'garden'), (2, 'indoor'), (3, 'loud'), (4, 'nobody');
insert into product_tags select p, t from generate_series(1, 40) p, generate_series(1, 3) t where p % (t + 1) = 0;

insert into orders
select n, date '2023-07-01' + n * 9, n % 25 + 1, n % 25 + 1, case when n % 3 > 0 then n % 15 + 31 end,
    (array['open', 'paid', 'shipped', 'returned'])[n % 4 + 1]::order_status, case when n % 5 = 0 then 'note ' || n end,
    tstzrange('2023-07-01 00:00+00'::timestamptz + n * interval '9 days', case when n % 4 > 0 then '2023-07-10 00:00+00'::timestamptz + n * interval '9 days' end)
from generate_series(1, 80) n;
insert into complaints select n, id, placed_on from generate_series(1, 7) n left join orders_2023 on id = n and n % 3 > 0;
insert into order_lines (order_id, placed_on, line, product_id, quantity, unit_price)
select o.id, o.placed_on, l, (o.id * l) % 38 + 1, (o.id + l) % 4 + 1, 5 + ((o.id * l) % 38 + 1) * 1.25
from orders o, generate_series(1, 3) l where (o.id + l) % 4 > 0;
insert into payments
select 1000 + o.id, o.id, o.placed_on, 10 + o.id, (array['card', 'cash'])[o.id % 2 + 1], json_build_object('ref', 'R' || o.id)
from orders o where o.id % 4 in (1, 2);
insert into coupons values ('SPRING', 10, '[2024-03-01,2024-06-01)'), ('XMAS', 25, '[2023-12-01,2024-01-01)'), ('NEVER', 99, 'empty');
insert into order_coupons
select id, placed_on, case when id % 2 = 0 then 'SPRING' else 'XMAS' end from orders where id % 6 = 0 or id % 7 = 0;
insert into price_history (product_id, price, during)
select p, 4 + p * 1.25 + y, daterange(make_date(2020 + y, 1, 1), make_date(2021 + y, 1, 1))
from generate_series(1, 20) p, generate_series(0, 2) y;
insert into reviews
select p * 10 + c, p, c, (p + c) % 5 + 1, case when (p + c) % 3 > 0 then 'It is a ' || (array['good', 'loud', 'fine'])[p % 3 + 1] || ' thing' end
from generate_series(1, 12) p, generate_series(1, 5) c where (p * c) % 4 > 0;
insert into wishes (customer_id, product_id) select c, p from generate_series(1, 10) c, generate_series(1, 40) p where (c * p) % 13 = 1;
insert into notes select n, n % 5 + 1, 'note ' || n from generate_series(1, 20) n;
insert into employees select n, 'Employee ' || n, case when n > 1 then n / 2 end, case when n % 3 = 0 then n / 3 end from generate_series(1, 9) n;
insert into settings values ('theme', '{"dark": true, "size": 12}', 3), ('lang', '"en"', 2);
insert into "Odd ""Names" values (1, 'first', 'comma', 'dot', 'blank', 7, 'arrow'), (2, 'second', null, 'Dot', 'Blank', 8, null);
insert into kinds values
    (1, 32767, 9007199254740993, 1.5, 0.1, true, '\xdeadbeef', '00000000-0000-0000-0000-00000000000a', '12:34:56', '1 day 02:03:04',
        '10.0.0.1/8', '(1,2)', 12.34, '{{1,2},{3,4}}', '1010', 'abc', '{[1,3),[5,8)}', '{"b":1, "a" : [1,2]}', '<a>1</a>'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (3, -1, -5, -0.25, 1e20, false, '', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '00:00', '-1 mons', '::1', '(0,0)', 0, '{}', '0000', '', '{}', '[]', null);
insert into canary select n, 'tweet ' || n from generate_series(1, 3) n;
refresh materialized view product_stats;

set search_path = forum;
insert into users
select n, 'user' || n, (array['new', 'regular', 'moderator'])[n % 3 + 1]::badge, n * n % 50, jsonb_build_object('theme', (array['dark', 'light'])[n % 2 + 1], 'page', n * 5)
from generate_series(1, 20) n;
insert into profiles select n, n, 'About ' || n, case when n % 2 = 0 then 'https://example.org/' || n end from generate_series(1, 20, 3) n;
insert into boards values (1, 'Everything', null), (2, 'Help', 1), (3, 'Talk', 1), (4, 'Bugs', 2), (5, 'Silence', 3);
insert into threads
select n, n % 4 + 1, n % 20 + 1, case when n % 5 > 0 then n * 3 % 20 + 1 end, 'Thread about ' || (array['cats', 'databases', 'running', 'trees'])[n % 4 + 1] || ' ' || n,
    n % 9 = 0, timestamp '2024-02-01 09:00' + n * interval '5 hours'
from generate_series(1, 30) n;
insert into posts (id, thread_id, author_id, parent_id, body, written)
select n, n % 25 + 1, n * 7 % 20 + 1, case when n > 25 then n - 25 end, (array['I like', 'We run', 'They index', 'Nobody reads'])[n % 4 + 1] || ' ' || (array['cats', 'databases', 'trees'])[n % 3 + 1],
    timestamp '2024-02-02' + n * interval '35 minutes'
from generate_series(1, 150) n;
insert into labels values (1, 'solved'), (2, 'hot'), (3, 'unused');
insert into thread_labels select t, l from generate_series(1, 30) t, generate_series(1, 2) l where (t + l) % 3 = 0;
insert into votes select u, p, case when (u + p) % 4 = 0 then -1 else 1 end from generate_series(1, 20) u, generate_series(1, 150) p where (u * p) % 29 = 1;
insert into messages select n, n % 20 + 1, n * 3 % 20 + 1, case when n % 4 > 0 then 'Subject ' || n end, n % 2 = 0 from generate_series(1, 25) n;
insert into follows select a, b from generate_series(1, 20) a, generate_series(1, 20) b where a <> b and (a * b) % 17 = 3;
insert into reports select n, n * 3, 'user' || n % 4, 'reason ' || n from generate_series(1, 12) n;
refresh materialized view board_stats;
analyze;
