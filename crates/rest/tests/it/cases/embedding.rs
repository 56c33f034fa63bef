//! Related rows: every kind of relationship, hints, inner joins, spreads, conditions on related rows.

use super::{Case, get, rows};

pub(super) fn cases() -> Vec<Case> {
    [
        relationships(),
        hints(),
        within_a_table(),
        computed(),
        narrowing(),
        spreading(),
    ]
    .concat()
}

fn relationships() -> Vec<Case> {
    vec![
        // Three levels.
        get(
            "/customers?select=id,orders(id,order_lines(line,products(sku)))&orders.order=id&orders.order_lines.order=line&id=in.(2,3)&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id,
                    (select coalesce(json_agg(y), '[]') from (select line, json_build_object('sku', sku) as products
                        from order_lines l join products p on p.id = l.product_id
                        where (l.order_id, l.placed_on) = (o.id, o.placed_on) order by line) y) as order_lines
                    from orders o where o.customer_id = c.id order by id) x) as orders
                 from customers c where id in (2, 3) order by id",
            ),
        ),
        // One to one, from both sides.
        get(
            "/products?select=id,product_details(weight,manual)&id=lte.4&order=id",
            rows(
                "select id, (select row_to_json(x) from (select weight, manual from product_details where product_id = p.id) x) as product_details
                 from products p where id <= 4 order by id",
            ),
        ),
        get(
            "/product_details?select=weight,products(name)&order=product_id&limit=3",
            rows(
                "select weight, json_build_object('name', name) as products from product_details
                 join products on id = product_id order by product_id limit 3",
            ),
        ),
        // One to one by a unique key of two columns, on a partitioned table.
        get(
            "/orders?select=id,payments(amount,details->>ref)&order=id&limit=6",
            rows(
                "select id, (select row_to_json(x) from (select amount, details->>'ref' as ref from payments y
                    where (y.order_id, y.placed_on) = (o.id, o.placed_on)) x) as payments from orders o order by id limit 6",
            ),
        ),
        // Two columns.
        get(
            "/stock?select=product_id,quantity,warehouses(name)&quantity=gt.44&order=product_id,region,number",
            rows(
                "select product_id, quantity, json_build_object('name', w.name) as warehouses from stock s
                 join warehouses w using (region, number) where quantity > 44 order by product_id, region, number",
            ),
        ),
        // Through a junction that carries more, and a plain one.
        get(
            "/warehouses?select=name,products(id)&products.order=id&products.limit=5&order=name",
            rows(
                "select name, (select coalesce(json_agg(x), '[]') from (select p.id from products p join stock s on s.product_id = p.id
                    where (s.region, s.number) = (w.region, w.number) order by p.id limit 5) x) as products
                 from warehouses w order by name",
            ),
        ),
        get(
            "/tags?select=label,products(id,name)&products.id=lt.10&products.order=id.desc&order=label",
            rows(
                "select label, (select coalesce(json_agg(x), '[]') from (select p.id, p.name from products p
                    join product_tags on product_id = p.id where tag_id = t.id and p.id < 10 order by p.id desc) x) as products
                 from tags t order by label",
            ),
        ),
        get(
            "/orders?select=id,coupons(code,percent)&coupons.order=code&id=in.(6,7,42)&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select c.code, percent from coupons c join order_coupons j using (code)
                    where (j.order_id, j.placed_on) = (o.id, o.placed_on) order by c.code) x) as coupons
                 from orders o where id in (6, 7, 42) order by id",
            ),
        ),
        // A table to itself: downwards by its name, upwards by the column.
        get(
            "/categories?select=name,parent_id(name),categories(name,categories(name))&categories.order=name&categories.categories.order=name&order=id",
            rows(
                "select name, (select row_to_json(x) from (select name from categories p where p.id = c.parent_id) x) as parent_id,
                    (select coalesce(json_agg(x), '[]') from (select name, (select coalesce(json_agg(y), '[]') from
                        (select name from categories e where e.parent_id = d.id order by name) y) as categories
                        from categories d where d.parent_id = c.id order by name) x) as categories
                 from categories c order by id",
            ),
        ),
        get(
            "/customers?select=id,invited:customers!referrer_id(id),by:referrer_id(name)&invited.order=id&id=lt.7&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id from customers d where d.referrer_id = c.id order by id) x) as invited,
                    (select row_to_json(x) from (select name from customers d where d.id = c.referrer_id) x) as by
                 from customers c where id < 7 order by id",
            ),
        ),
    ]
}

fn hints() -> Vec<Case> {
    vec![
        get(
            "/orders?select=id,billing(line),to:addresses!shipping(line,customers(name))&order=id&limit=5",
            rows(
                "select o.id, json_build_object('line', b.line) as billing,
                    (select row_to_json(x) from (select s.line, json_build_object('name', c.name) as customers
                        from addresses s join customers c on c.id = s.customer_id where s.id = o.shipping_id) x) as to
                 from orders o join addresses b on b.id = o.billing_id order by o.id limit 5",
            ),
        ),
        get(
            "/addresses?select=id,billed:orders!billing(id),sent:orders!shipping_id(id)&billed.order=id&sent.order=id&id=in.(5,31,40)&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id from orders where billing_id = a.id order by id) x) as billed,
                    (select coalesce(json_agg(x), '[]') from (select id from orders where shipping_id = a.id order by id) x) as sent
                 from addresses a where id in (5, 31, 40) order by id",
            ),
        ),
        get(
            "/users?select=handle,sent:messages!sender(id,recipient_id),got:messages!recipient(id)&sent.order=id&got.order=id&id=lt.5&order=id",
            rows(
                "select handle, (select coalesce(json_agg(x), '[]') from (select id, recipient_id from messages where sender_id = u.id order by id) x) as sent,
                    (select coalesce(json_agg(x), '[]') from (select id from messages where recipient_id = u.id order by id) x) as got
                 from users u where id < 5 order by id",
            ),
        )
        .profile("forum"),
        get(
            "/threads?select=id,author:author_id(handle),last:users!last_poster_id(handle)&order=id&limit=6",
            rows(
                "select t.id, json_build_object('handle', a.handle) as author,
                    (select row_to_json(x) from (select handle from users u where u.id = t.last_poster_id) x) as last
                 from threads t join users a on a.id = t.author_id order by t.id limit 6",
            ),
        )
        .profile("forum"),
        // The junction as a hint.
        get(
            "/posts?select=id,voters:users!votes(handle)&voters.order=id&id=lt.12&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select handle from users u join votes v on v.user_id = u.id
                    where v.post_id = p.id order by u.id) x) as voters from posts p where id < 12 order by id",
            ),
        )
        .profile("forum"),
        // A key's column on the side with one row, as the target, where only one key has it.
        get(
            "/tags?select=label,id(product_id)&id.order=product_id&id.limit=3&order=label",
            rows(
                "select label, (select coalesce(json_agg(x), '[]') from (select product_id from product_tags
                    where tag_id = t.id order by product_id limit 3) x) as id from tags t order by label",
            ),
        ),
        get("/products?select=name,id(*)", super::Expected::Error("PGRST201")).status(300),
        get("/orders?select=id,addresses(line)", super::Expected::Error("PGRST201")).status(300),
        get("/orders?select=id,boards(name)", super::Expected::Error("PGRST200")).status(400),
    ]
}

/// Two keys of a table to itself, and a junction between its rows.
fn within_a_table() -> Vec<Case> {
    let refused = |path| get(path, super::Expected::Error("PGRST200")).status(400);
    vec![
        get(
            "/employees?select=name,boss_id(name),led:employees!boss_id(name),taught:employees!mentor_id(id)&led.order=id&taught.order=id&order=id",
            rows(
                "select name, (select row_to_json(x) from (select name from employees b where b.id = e.boss_id) x) as boss_id,
                    (select coalesce(json_agg(x), '[]') from (select name from employees l where l.boss_id = e.id order by id) x) as led,
                    (select coalesce(json_agg(x), '[]') from (select id from employees l where l.mentor_id = e.id order by id) x) as taught
                 from employees e order by id",
            ),
        ),
        get("/employees?select=id,employees(id)", super::Expected::Error("PGRST201")).status(300),
        refused("/employees?select=id,employees!id(id)"),
        refused("/employees?select=id,id(id)"),
        refused("/employees?select=id,mentor(id)"),
        refused("/employees?select=id,employees!mentor(id)"),
        refused("/users?select=id,users(id)").profile("forum"),
        refused("/users?select=id,users!follows(id)").profile("forum"),
    ]
}

fn computed() -> Vec<Case> {
    vec![
        get(
            "/customers?select=id,latest_order(id,status)&id=gt.22&order=id",
            rows(
                "select id, (select row_to_json(x) from (select id, status from latest_order(c)) x) as latest_order
                 from customers c where id > 22 order by id",
            ),
        ),
        get(
            "/products?select=id,similar_products(id,name)&similar_products.price=lt.20&similar_products.order=id&id=in.(5,10)&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id, name from similar_products(p) where price < 20 order by id) x) as similar_products
                 from products p where id in (5, 10) order by id",
            ),
        ),
        get(
            "/products?select=id,bought_by!inner(id,orders(id))&bought_by.id=lt.8&bought_by.order=id&bought_by.orders.order=id&order=id&limit=5",
            rows(
                "select id, (select json_agg(x) from (select b.id, (select coalesce(json_agg(y), '[]') from
                        (select id from orders where customer_id = b.id order by id) y) as orders
                        from bought_by(p) b where b.id < 8 order by b.id) x) as bought_by
                 from products p where exists (select from bought_by(p) b where b.id < 8) order by id limit 5",
            ),
        ),
        get(
            "/threads?select=id,post_count,first_post(id,author_id(handle,initial))&order=post_count.desc,id&limit=4",
            rows(
                "select t.id, t.post_count, (select row_to_json(x) from (select f.id,
                    (select row_to_json(y) from (select u.handle, u.initial from users u where u.id = f.author_id) y) as author_id
                    from first_post(t) f) x) as first_post
                 from threads t order by t.post_count desc, t.id limit 4",
            ),
        )
        .profile("forum"),
    ]
}

fn narrowing() -> Vec<Case> {
    vec![
        get(
            "/customers?select=id,orders!inner(id)&orders.status=eq.returned&orders.order=id&order=id",
            rows(
                "select id, (select json_agg(x) from (select id from orders where customer_id = c.id and status = 'returned' order by id) x) as orders
                 from customers c where exists (select from orders where customer_id = c.id and status = 'returned') order by id",
            ),
        )
        .prefer("count=exact"),
        get(
            "/categories?select=id,products!inner(id,order_lines!inner(line))&products.order_lines.quantity=eq.4&products.price=lt.15&products.order=id&products.order_lines.order=order_id&order=id",
            rows(
                "select id, (select json_agg(x) from (select id, (select json_agg(y) from (select line from order_lines
                        where product_id = p.id and quantity = 4 order by order_id) y) as order_lines
                    from products p where category_id = c.id and price < 15
                        and exists (select from order_lines where product_id = p.id and quantity = 4) order by id) x) as products
                 from categories c where exists (select from products p join order_lines l on l.product_id = p.id
                    where category_id = c.id and price < 15 and quantity = 4) order by id",
            ),
        ),
        // Without related rows, and with none shown.
        get(
            "/customers?select=id,orders()&orders=is.null&order=id",
            rows("select id from customers c where not exists (select from orders where customer_id = c.id) order by id"),
        ),
        get(
            "/products?select=id,reviews()&reviews=not.is.null&reviews.stars=eq.5&order=id",
            rows(
                "select id from products p where exists (select from reviews where product_id = p.id and stars = 5) order by id",
            ),
        ),
        get(
            "/products?select=id,reviews(),wishes()&or=(reviews.is.null,wishes.not.is.null)&id=lt.14&order=id",
            rows(
                "select id from products p where (not exists (select from reviews where product_id = p.id)
                 or exists (select from wishes where product_id = p.id)) and id < 14 order by id",
            ),
        ),
        get(
            "/products?select=id,product_details(weight)&product_details=is.null&order=id&limit=4",
            rows(
                "select id, null as product_details from products p where not exists
                 (select from product_details where product_id = p.id) order by id limit 4",
            ),
        ),
        // Only `is.null` asks for related rows.
        get(
            "/products?select=id,reviews(id)&reviews=is.not_null",
            super::Expected::Error("42703"),
        )
        .status(400),
        get(
            "/products?select=id,reviews()&or=(reviews.not.is.not_null,id.eq.1)",
            super::Expected::Error("42703"),
        )
        .status(400),
        // Names that aliases have replaced, in one warning.
        get(
            "/orders?select=id,c:customers(id),b:addresses!billing(id)&customers.id=lt.3&addresses.id=lt.3&order=id&limit=3",
            rows(
                "select id, (select row_to_json(x) from (select id from customers where id = customer_id and id < 3) x) as c,
                    (select row_to_json(x) from (select id from addresses where id = billing_id and id < 3) x) as b
                 from orders order by id limit 3",
            ),
        )
        .answers(
            "warning",
            "299 ferrobase \"Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release. Update `customers` to `c`, `addresses` to `b` in query string filters, orders or limits.\"",
        ),
        // A page of related rows, and several of one table.
        get(
            "/boards?select=id,threads(id),new:threads(id)&threads.limit=2&threads.offset=1&threads.order=id&new.order=opened.desc&new.limit=1&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select id from threads where board_id = b.id order by id limit 2 offset 1) x) as threads,
                    (select coalesce(json_agg(x), '[]') from (select id from threads where board_id = b.id order by opened desc limit 1) x) as new
                 from boards b order by id",
            ),
        )
        .profile("forum"),
        // Related rows that the role may not see.
        get(
            "/posts?select=id,reports(reporter)&reports=not.is.null&order=id",
            rows(
                "select p.id, json_build_array(json_build_object('reporter', reporter)) as reports
                 from posts p join reports r on r.post_id = p.id where reporter = 'user2' order by p.id",
            ),
        )
        .profile("forum")
        .claims(r#"{"role": "customer", "sub": "user2"}"#),
        get(
            "/notes?order=id",
            rows("select * from notes where customer_id = 3 order by id"),
        )
        .claims(r#"{"role": "customer", "customer": 3}"#)
        .prefer("count=exact")
        .range("0-3/4"),
    ]
}

fn spreading() -> Vec<Case> {
    vec![
        get(
            "/order_lines?select=order_id,line,...products(sku,...categories(category:name)),...orders(status,...customers(buyer:name))&quantity=eq.4&order=order_id,line&limit=8",
            rows(
                "select order_id, line, sku, g.name as category, o.status, c.name as buyer from order_lines l
                 join products p on p.id = l.product_id left join categories g on g.id = p.category_id
                 join orders o on (o.id, o.placed_on) = (l.order_id, l.placed_on) join customers c on c.id = o.customer_id
                 where quantity = 4 order by order_id, line limit 8",
            ),
        ),
        get(
            "/customers?select=id,...orders(order_ids:id,status)&orders.order=id.desc&id=in.(1,2,31)&order=id",
            rows(
                "select id, coalesce((select json_agg(o.id order by o.id desc) from orders o where customer_id = c.id), '[]') as order_ids,
                    coalesce((select json_agg(o.status order by o.id desc) from orders o where customer_id = c.id), '[]') as status
                 from customers c where id in (1, 2, 31) order by id",
            ),
        ),
        get(
            "/tags?select=label,...products(names:name,...suppliers(supplier:name))&products.id=lt.13&products.order=id&order=id",
            rows(
                "select label, coalesce(json_agg(p.name order by p.id) filter (where p.id is not null), '[]') as names,
                    coalesce(json_agg(s.name order by p.id) filter (where p.id is not null), '[]') as supplier
                 from tags t left join (product_tags j join products p on p.id = j.product_id and p.id < 13
                    left join suppliers s on s.id = p.supplier_id) on j.tag_id = t.id
                 group by t.id order by t.id",
            ),
        ),
        get(
            "/posts?select=id,...threads!inner(title,...boards!inner(board:name))&threads.boards.id=eq.4&order=id&limit=5",
            rows(
                "select p.id, t.title, b.name as board from posts p join threads t on t.id = thread_id
                 join boards b on b.id = board_id where b.id = 4 order by p.id limit 5",
            ),
        )
        .profile("forum"),
        get(
            "/threads?select=id,first:first_post(id,...author_id(by:handle))&id=lt.4&order=id",
            rows(
                "select t.id, json_build_object('id', f.id, 'by', u.handle) as first from threads t, first_post(t) f
                 join users u on u.id = f.author_id where t.id < 4 order by t.id",
            ),
        )
        .profile("forum"),
    ]
}
