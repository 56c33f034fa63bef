//! Operators, quantifiers, logic trees, ranges, arrays, documents and text search.

use super::{Case, Expected, get, rows};

pub(super) fn cases() -> Vec<Case> {
    [comparing(), containing(), searching(), trees()].concat()
}

fn comparing() -> Vec<Case> {
    vec![
        get(
            "/products?select=id&price=gte.20&price=lt.30&order=id",
            rows("select id from products where price >= 20 and price < 30 order by id"),
        ),
        get(
            "/products?select=id&name=ilike.*SAW&status=neq.draft&order=id",
            rows("select id from products where name ilike '%saw' and status <> 'draft' order by id"),
        ),
        get(
            "/products?select=id&name=not.like(any).{*saw,*drill}&order=id",
            rows("select id from products where not name like any ('{%saw,%drill}') order by id"),
        ),
        get(
            "/products?select=id&name=ilike(all).{*r*,*t*}&order=id",
            rows("select id from products where name ilike all ('{%r%,%t%}') order by id"),
        ),
        get(
            "/products?select=id&category_id=eq(any).{2,4}&price=gt(all).{10,20}&order=id",
            rows(
                "select id from products where category_id = any ('{2,4}') and price > all ('{10,20}') order by id",
            ),
        ),
        get(
            "/products?select=id,name&name=match.^(Red|Heavy).*s$&order=id",
            rows("select id, name from products where name ~ '^(Red|Heavy).*s$' order by id"),
        ),
        get(
            "/customers?select=id&name=in.(\"Customer 1\",\"O'Brien, \\\"Bob\\\" (\\\\)\",nobody)&order=id",
            rows("select id from customers where id in (1, 31) order by id"),
        ),
        get("/customers?id=in.()", rows("select * from customers where false")),
        get(
            "/customers?select=id&referrer_id=isdistinct.2&order=id",
            rows("select id from customers where referrer_id is distinct from 2 order by id"),
        ),
        get(
            "/customers?select=id&referrer_id=not.is.null&country=not.in.(de,it)&order=id",
            rows(
                "select id from customers where referrer_id is not null and country not in ('de', 'it') order by id",
            ),
        ),
        get(
            "/kinds?select=id&flag=is.not_null&flag=is.TRUE",
            rows("select id from kinds where flag is true"),
        ),
        get(
            "/orders?select=id&status=eq.paid&shipping_id=is.null&order=id",
            rows("select id from orders where status = 'paid' and shipping_id is null order by id"),
        ),
    ]
}

fn containing() -> Vec<Case> {
    vec![
        get(
            "/customers?select=id&tags=cs.{vip,early}&order=id",
            rows("select id from customers where tags @> '{vip,early}' order by id"),
        ),
        get(
            "/customers?select=id&tags=cd.{vip,b2b}&order=id",
            rows("select id from customers where tags <@ '{vip,b2b}' order by id"),
        ),
        get(
            "/products?select=id&tags=ov.{new,used}&order=id",
            rows("select id from products where tags && '{new,used}' order by id"),
        ),
        get(
            "/products?select=id&attributes=cs.{\"eco\":true}&attributes->power=gt.100&order=id",
            rows(
                "select id from products where attributes @> '{\"eco\": true}' and attributes->'power' > '100' order by id",
            ),
        ),
        get(
            "/products?select=id&attributes->parts->1->>name=eq.bolt 7",
            rows("select id from products where attributes->'parts'->1->>'name' = 'bolt 7'"),
        ),
        get(
            "/products?select=id&attributes->>\"odd key\"=eq.x,y&order=id",
            rows("select id from products where attributes->>'odd key' = 'x,y' order by id"),
        ),
        get(
            "/products?select=id,sizes&sizes=cs.5&order=id",
            // The operator takes an unknown value for a range.
            Expected::Error("22P02"),
        )
        .status(400),
        get(
            "/products?select=id,sizes&sizes=ov.[1,2]&order=id",
            rows("select id, sizes from products where sizes && '[1,2]' order by id"),
        ),
        get(
            "/addresses?select=id&valid=sl.[2024-01-10,2024-02-01)&order=id",
            rows("select id from addresses where valid << '[2024-01-10,2024-02-01)' order by id"),
        ),
        get(
            "/price_history?select=product_id&during=adj.[2021-01-01,2022-01-01)&price=gt.20&order=product_id,price",
            rows(
                "select product_id from price_history where during -|- '[2021-01-01,2022-01-01)' and price > 20
                 order by product_id, price",
            ),
        ),
        get(
            "/price_history?select=product_id&during=nxl.[2021-01-01,2022-01-01)&during=not.nxr.[2021-01-01,2022-01-01)&order=product_id",
            rows(
                "select product_id from price_history where during &> '[2021-01-01,2022-01-01)'
                 and not during &< '[2021-01-01,2022-01-01)' order by product_id",
            ),
        ),
        get(
            "/orders?select=id&open_during=cs.[2023-10-01 00:00%2B00,2023-10-02 00:00%2B00]&order=id",
            rows(
                "select id from orders where open_during @> '[2023-10-01 00:00+00,2023-10-02 00:00+00]' order by id",
            ),
        ),
        get(
            "/product_details?select=product_id&dimensions->1->>0=eq.12",
            rows("select product_id from product_details where to_jsonb(dimensions)->1->>0 = '12'"),
        ),
    ]
}

fn searching() -> Vec<Case> {
    vec![
        get(
            "/products?select=id&search=fts(english).runs&order=id",
            rows("select id from products where search @@ to_tsquery('english', 'runs') order by id"),
        ),
        get(
            "/products?select=id&name=plfts(english).hammer heavy&order=id",
            rows(
                "select id from products where to_tsvector('english', name) @@ plainto_tsquery('english', 'hammer heavy') order by id",
            ),
        ),
        get(
            "/posts?select=id&search=wfts.databases -like&order=id",
            rows("select id from posts where search @@ websearch_to_tsquery('databases -like') order by id"),
        )
        .profile("forum"),
        get(
            "/posts?select=id&or=(search.phfts(english).\"index trees\",body.fts.nobody)&order=id",
            rows(
                "select id from posts where search @@ phraseto_tsquery('english', 'index trees')
                 or to_tsvector(body) @@ to_tsquery('nobody') order by id",
            ),
        )
        .profile("forum"),
    ]
}

fn trees() -> Vec<Case> {
    vec![
        get(
            "/products?select=id&or=(price.lt.8,and(category_id.eq.4,not.or(tags.cs.{eco},id.gt.30)))&order=id",
            rows(
                "select id from products where price < 8 or (category_id = 4 and not (tags @> '{eco}' or id > 30)) order by id",
            ),
        ),
        get(
            "/products?select=id&not.and=(id.gte.5,id.lte.38)&order=id",
            rows("select id from products where not (id >= 5 and id <= 38) order by id"),
        ),
        get(
            "/customers?select=id&or=(name.eq.\"O'Brien, \\\"Bob\\\" (\\\\)\",id.in.(3,4),profile->address->>zip.eq.10049)&order=id",
            rows("select id from customers where id in (31, 3, 4, 7) order by id"),
        ),
        get(
            "/orders?select=id&and=(status.not.eq.open,or(note.is.null,note.like(any).{*10,*20}))&id=lt.30&order=id",
            rows(
                "select id from orders where status <> 'open' and (note is null or note like any ('{%10,%20}')) and id < 30 order by id",
            ),
        ),
        get(
            "/customers?select=id,orders(id)&orders.or=(status.eq.paid,note.not.is.null)&orders.order=id&id=lt.6&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id from orders o where customer_id = c.id
                    and (status = 'paid' or note is not null) order by id) x) as orders
                 from customers c where id < 6 order by id",
            ),
        ),
    ]
}
