-- Policies as hosted projects have them: by folder, by either kind of owner and by the name itself.
SET session_replication_role = replica;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE POLICY "Anyone sees avatars" ON "storage"."objects" FOR SELECT USING (("bucket_id" = 'avatars'::"text"));
CREATE POLICY "Own folder 1oj01fe_0" ON "storage"."objects" FOR SELECT TO "authenticated" USING ((("bucket_id" = 'papers'::"text") AND (( SELECT ("auth"."uid"())::"text" AS "uid") = ("storage"."foldername"("name"))[1])));
CREATE POLICY "Own folder 1oj01fe_1" ON "storage"."objects" FOR INSERT TO "authenticated" WITH CHECK ((("bucket_id" = 'papers'::"text") AND (( SELECT ("auth"."uid"())::"text" AS "uid") = ("storage"."foldername"("name"))[1])));
CREATE POLICY "Own folder 1oj01fe_2" ON "storage"."objects" FOR UPDATE TO "authenticated" USING ((("bucket_id" = 'papers'::"text") AND ("owner_id" = ( SELECT ("auth"."uid"())::"text" AS "uid"))));
CREATE POLICY "Own folder 1oj01fe_3" ON "storage"."objects" FOR DELETE TO "authenticated" USING ((("bucket_id" = 'papers'::"text") AND ("auth"."uid"() = "owner")));
CREATE POLICY "Members see what has a name" ON "storage"."objects" FOR SELECT TO "authenticated" USING ((("bucket_id" = 'team-id'::"text") AND (("storage"."extension"("name") = 'txt'::"text") AND ("storage"."filename"("name") <> ''::"text")) AND ("auth"."role"() = 'authenticated'::"text")));
CREATE POLICY "Buckets are known" ON "storage"."buckets" FOR SELECT TO "authenticated" USING (true);

RESET ALL;
