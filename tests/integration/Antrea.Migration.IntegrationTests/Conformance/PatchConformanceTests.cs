using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>The four kinds of patches.</summary>
[TestFixture(ConformancePlane.Embedded)]
[TestFixture(ConformancePlane.Real)]
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class PatchConformanceTests(string plane)
{
    private Task<ConformanceSpace> SpaceAsync(CancellationToken token) => ConformanceSpace.NewAsync(plane, token);

    [TestCase(RawApi.Merge, """{"data":{"k":null,"n":"1"}}""", """200 {"n":"1"}""")]
    [TestCase(RawApi.Merge, """{"data":null}""", "200 ")]
    [TestCase(RawApi.Merge, """{"data":{"k":"v"}}""", """200 {"k":"v"}""")]
    [TestCase(RawApi.Merge, """{"metadata":{"resourceVersion":"1"},"data":{"k":"w"}}""", "409 Conflict")]
    [TestCase(RawApi.Merge, """{"metadata":{"uid":"00000000-0000-0000-0000-000000000000"}}""", "422 Invalid")]
    [TestCase(RawApi.Merge, """{"metadata":{"name":"two"}}""", "400 BadRequest")]
    [TestCase(RawApi.Merge, "no json", "(400 BadRequest|500 )")]
    [TestCase(RawApi.StrategicMerge, """{"data":{"n":"1"}}""", """200 {"k":"v","n":"1"}""")]
    [TestCase(RawApi.StrategicMerge, """{"data":{"$patch":"replace","n":"1"}}""", """200 {"n":"1"}""")]
    [TestCase(RawApi.JsonPatch, """[{"op":"test","path":"/data/k","value":"v"},{"op":"replace","path":"/data/k","value":"w"}]""", """200 {"k":"w"}""")]
    [TestCase(RawApi.JsonPatch, """[{"op":"test","path":"/data/k","value":"x"},{"op":"replace","path":"/data/k","value":"w"}]""", "422 Invalid")]
    [TestCase(RawApi.JsonPatch, """[{"op":"remove","path":"/data/none"}]""", "422 Invalid")]
    [TestCase(RawApi.JsonPatch, """[{"op":"add","path":"/data/a~1b","value":"w"}]""", "422 Invalid")]
    [TestCase(RawApi.JsonPatch, """[{"op":"copy","from":"/data/k","path":"/data/c"}]""", """200 {"c":"v","k":"v"}""")]
    [TestCase(RawApi.JsonPatch, """{"op":"add"}""", "400 BadRequest")]
    public async Task Patches_of_a_map(string type, string patch, string outcome, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one");
        var answer = await space.Api.PatchAsync($"{space.Maps}/one", type, patch);
        var data = new SortedDictionary<string, string>(
            (answer.Body.Object("data") ?? []).ToDictionary(f => f.Key, f => f.Value!.GetValue<string>()), StringComparer.Ordinal);
        var shown = answer.Code >= 400
            ? answer.Outcome
            : $"{answer.Code} " + (data.Count > 0 ? System.Text.Json.JsonSerializer.Serialize(data) : "");
        Assert.That(shown, Does.Match($"^{(answer.Code >= 400 ? outcome : System.Text.RegularExpressions.Regex.Escape(outcome))}$"), answer.Body.ToJsonString());
    }

    [TestCase(RawApi.Merge)]
    [TestCase(RawApi.StrategicMerge)]
    [TestCase(RawApi.JsonPatch)]
    public async Task A_patch_makes_nothing(string type, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var answer = await space.Api.PatchAsync($"{space.Maps}/none", type, type == RawApi.JsonPatch ? "[]" : "{}");
        Assert.That(answer.Outcome, Is.EqualTo("404 NotFound"));
    }

    [Test]
    public async Task A_patch_that_changes_nothing_writes_nothing(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.MapAsync("one");
        var same = await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"data":{"k":"v"}}""");
        Assert.That(same.Version, Is.EqualTo(made.Version));
    }

    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"b"}]}}}}""", "side=b main=nginx")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"b"}]}}}}""", "main=b")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"b"},{"name":"main","$patch":"delete"}]}}}}""", "side=b")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"b"}],"$setElementOrder/containers":[{"name":"main"},{"name":"side"}]}}}}""", "main=nginx side=b")]
    public async Task A_strategic_merge_merges_containers_by_name(string patch, string containers, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DeploymentAsync("one");
        var answer = await space.Api.PatchAsync($"{space.Apps}/deployments/one", RawApi.StrategicMerge, patch);
        Assert.That(
            string.Join(' ', answer.Body.Items("spec", "template", "spec", "containers").Select(c => $"{c.Text("name")}={c.Text("image")}")),
            Is.EqualTo(containers),
            answer.Body.ToJsonString());
    }

    [Test]
    public async Task A_merge_replaces_lists(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DeploymentAsync("one");
        var answer = await space.Api.PatchAsync(
            $"{space.Apps}/deployments/one", RawApi.Merge, """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"b"}]}}}}""");
        Assert.That(answer.Body.Items("spec", "template", "spec", "containers").Select(c => c.Text("name")), Is.EqualTo((string[])["side"]));
    }

    [Test]
    public async Task Custom_objects_take_no_strategic_merge(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        await space.WidgetAsync("one", """{"list":[1]}""");
        var strategic = await space.Api.PatchAsync($"{space.Widgets}/one", RawApi.StrategicMerge, """{"spec":{"a":1}}""");
        var merge = await space.Api.PatchAsync($"{space.Widgets}/one", RawApi.Merge, """{"spec":{"list":[2]}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(strategic.Outcome, Is.EqualTo("415 UnsupportedMediaType"));
            Assert.That(merge.Body["spec"]!.ToJsonString(), Is.EqualTo("""{"list":[2]}"""));
        }
    }

    private static string Map(string data) => $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{{data}} }""";

    [Test]
    public async Task Applying_makes_changes_and_takes_away_what_is_left_out(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var path = $"{space.Maps}/one?fieldManager=me";
        var made = await space.Api.PatchAsync(path, RawApi.Apply, Map("""{"a":"1","b":"1"}"""));
        var again = await space.Api.PatchAsync(path, RawApi.Apply, Map("""{"a":"1","b":"1"}"""));
        await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"data":{"other":"kept"}}""");
        var changed = await space.Api.PatchAsync(path, RawApi.Apply, Map("""{"a":"2"}"""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Code, Is.EqualTo(201));
            Assert.That(again.Outcome, Is.EqualTo("200"));
            Assert.That(again.Version, Is.EqualTo(made.Version), "nothing new, nothing written");
            Assert.That(changed.Body["data"]!.ToJsonString(), Is.EqualTo("""{"a":"2","other":"kept"}"""));
            Assert.That(made.Body.Items("metadata", "managedFields").Single().Text("operation"), Is.EqualTo("Apply"));
            Assert.That(made.Body.Items("metadata", "managedFields").Single().Text("manager"), Is.EqualTo("me"));
        }
    }

    [Test]
    public async Task A_field_of_another_manager_needs_force(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=me", RawApi.Apply, Map("""{"a":"1"}"""));
        var same = await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=you", RawApi.Apply, Map("""{"a":"1"}"""));
        var refused = await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=you", RawApi.Apply, Map("""{"a":"2"}"""));
        var forced = await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=you&force=true", RawApi.Apply, Map("""{"a":"2"}"""));
        var back = await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=me", RawApi.Apply, Map("{}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(same.Code, Is.EqualTo(200), "the same value is no conflict");
            Assert.That(refused.Outcome, Is.EqualTo("409 Conflict"));
            Assert.That(refused.Body.Text("message"), Does.Contain("conflict with \"me\"").And.Contain(".data.a"));
            Assert.That(refused.Body.Items("details", "causes").Select(c => c.Text("reason")), Has.All.EqualTo("FieldManagerConflict"));
            Assert.That(forced.Body.Text("data", "a"), Is.EqualTo("2"));
            Assert.That(back.Body.Text("data", "a"), Is.EqualTo("2"), "it is not mine any more");
        }
    }

    [Test]
    public async Task A_field_that_somebody_wrote_without_applying_is_a_conflict_too(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one");
        var refused = await space.Api.PatchAsync($"{space.Maps}/one?fieldManager=me", RawApi.Apply, Map("""{"k":"w"}"""));
        Assert.That(refused.Outcome, Is.EqualTo(KnownDifferences.Of(
            plane, real: "409 Conflict", embedded: "200", "it keeps no field ownership of writes other than applies")));
    }

    [TestCase("", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}""", "422 Invalid")]
    [TestCase("?fieldManager=me", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}}""", "400 BadRequest")]
    [TestCase("?fieldManager=me", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"one"}}""", "(400 BadRequest|500 )")]
    [TestCase("?fieldManager=me", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","managedFields":[{}]}}""", "400 BadRequest")]
    public async Task An_apply_can_be_refused(string query, string body, string outcome, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var answer = await space.Api.PatchAsync($"{space.Maps}/one{query}", RawApi.Apply, body);
        Assert.That(answer.Outcome, Does.Match($"^{outcome}$"), answer.Body.ToJsonString());
    }

    [Test]
    public async Task Lists_are_applied_by_their_keys(CancellationToken token)
    {
        var space = await SpaceAsync(token);

        Task<Answer> ApplyAsync(string manager, string containers) => space.Api.PatchAsync(
            $"{space.Apps}/deployments/one?fieldManager={manager}",
            RawApi.Apply,
            $$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"one"},
             "spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"} },"template":{"metadata":{"labels":{"a":"b"} },"spec":{"containers":[{{containers}}]} } } }
            """);

        await ApplyAsync("me", """{"name":"a","image":"1"},{"name":"b","image":"1"}""");
        var joined = await ApplyAsync("you", """{"name":"c","image":"1","env":[{"name":"E","value":"1"}]}""");
        var left = await ApplyAsync("me", """{"name":"b","image":"2"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(joined.Code, Is.EqualTo(200), joined.Body.ToJsonString());
            Assert.That(
                left.Body.Items("spec", "template", "spec", "containers").Select(c => $"{c.Text("name")}={c.Text("image")}").Order(),
                Is.EqualTo((string[])["b=2", "c=1"]));
        }
    }

    [Test]
    public async Task A_scale_is_patched_through_its_subresource(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DeploymentAsync("one");
        var scaled = await space.Api.PatchAsync($"{space.Apps}/deployments/one/scale", RawApi.Merge, """{"spec":{"replicas":0}}""");
        var scale = await space.Api.GetAsync($"{space.Apps}/deployments/one/scale");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scaled.Code, Is.EqualTo(200));
            Assert.That(scale.Body.Text("kind"), Is.EqualTo("Scale"));
            Assert.That(scale.Body.Text("status", "selector"), Is.EqualTo("app=one"));
        }
    }
}
