using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Creating, reading and replacing objects: identity, versions, conflicts, refusals.</summary>
[TestFixture(ConformancePlane.Embedded)]
[TestFixture(ConformancePlane.Real)]
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class ObjectConformanceTests(string plane)
{
    private Task<ConformanceSpace> SpaceAsync(CancellationToken token) => ConformanceSpace.NewAsync(plane, token);

    [Test]
    public async Task A_created_object_has_an_identity(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.MapAsync("one");
        var read = await space.Api.GetAsync($"{space.Maps}/one");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Body.Text("kind"), Is.EqualTo("ConfigMap"));
            Assert.That(made.Body.Text("apiVersion"), Is.EqualTo("v1"));
            Assert.That(Guid.TryParse(made.Body.UidOf(), out _), Is.True);
            Assert.That(made.Body.Text("metadata", "creationTimestamp"), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"));
            Assert.That(long.Parse(made.Version), Is.Positive);
            Assert.That(JsonNode.DeepEquals(read.Body, made.Body), Is.True, $"{made.Body}\n{read.Body}");
        }
    }

    [Test]
    public async Task Only_kinds_with_a_spec_that_controllers_follow_count_generations(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var map = await space.MapAsync("one");
        var deployment = await space.DeploymentAsync("one");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(map.Body.Number("metadata", "generation"), Is.Null);
            Assert.That(deployment.Body.Number("metadata", "generation"), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Generation_rises_with_the_spec_only(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DeploymentAsync("one");
        var path = $"{space.Apps}/deployments/one";
        var labelled = await space.ChangeAsync(path, o => o.Ensure("metadata").Ensure("labels")["a"] = "b");
        var scaled = await space.ChangeAsync(path, o => o["spec"]!["minReadySeconds"] = 3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(labelled.Body.Number("metadata", "generation"), Is.EqualTo(1));
            Assert.That(scaled.Body.Number("metadata", "generation"), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task A_generated_name_is_a_prefix_and_five_characters(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.Api.PostAsync(space.Maps, """{"metadata":{"generateName":"some-"}}""");
        Assert.That(made.Body.NameOf(), Does.Match("^some-[a-z0-9]{5}$"));
    }

    [TestCase("""{"metadata":{"name":"there"}}""", "409 AlreadyExists")]
    [TestCase("""{"metadata":{"name":"Upper"}}""", "422 Invalid")]
    [TestCase("""{"metadata":{}}""", "422 Invalid")]
    [TestCase("""{"metadata":{"name":"x","namespace":"default"}}""", "400 BadRequest")]
    [TestCase("""{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}""", "400 BadRequest")]
    [TestCase("""{"metadata":{"name":"x","labels":{"a b":"c"}}}""", "422 Invalid")]
    [TestCase("""{"metadata":{"name":"x","resourceVersion":"7"}}""", "(400 BadRequest|500 )")]
    [TestCase("""{"metadata":{"name":"x"},"data":{"bad key":"v"}}""", "422 Invalid")]
    [TestCase("not json", "400 BadRequest")]
    public async Task A_creation_can_be_refused(string body, string outcome, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("there");
        var answer = await space.Api.PostAsync(space.Maps, body);
        Assert.That(answer.Outcome, Does.Match($"^{outcome}$"), answer.Body.ToJsonString());
    }

    [Test]
    public async Task A_refusal_says_what_it_is_about(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var missing = (await space.Api.GetAsync($"{space.Apps}/deployments/none")).Body;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(missing.Text("kind"), Is.EqualTo("Status"));
            Assert.That(missing.Text("status"), Is.EqualTo("Failure"));
            Assert.That(missing.Number("code"), Is.EqualTo(404));
            Assert.That(missing.Text("message"), Is.EqualTo("deployments.apps \"none\" not found"));
            Assert.That(missing.At("details")!.ToJsonString(), Is.EqualTo("""{"name":"none","group":"apps","kind":"deployments"}"""));
        }
    }

    [Test]
    public async Task Paths_methods_and_media_types_that_are_not_served_are_refused(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await space.Api.GetAsync("apis/nobody.example.com/v1")).Code, Is.EqualTo(404));
            Assert.That((await space.Api.GetAsync($"{space.Core}/nothings")).Outcome, Is.EqualTo("404 NotFound"));
            Assert.That((await space.Api.PostAsync($"{space.Maps}/one", "{}")).Outcome, Is.EqualTo("405 MethodNotAllowed"));
            Assert.That((await space.Api.SendAsync(HttpMethod.Post, space.Maps, "{}", "text/plain")).Outcome, Is.EqualTo("415 UnsupportedMediaType"));
            Assert.That((await space.Api.PatchAsync($"{space.Maps}/one", "application/json", "{}")).Outcome, Is.EqualTo("415 UnsupportedMediaType"));
            Assert.That((await space.Api.PostAsync("api/v1/namespaces/nowhere/configmaps", """{"metadata":{"name":"x"}}""")).Outcome, Is.EqualTo("404 NotFound"));
            Assert.That((await space.Api.SendAsync(HttpMethod.Get, space.Maps, null, accept: "application/xml")).Outcome, Is.EqualTo("406 NotAcceptable"));
        }
    }

    [Test]
    public async Task A_replacement_of_an_old_version_is_a_conflict(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var old = (await space.MapAsync("one")).Body;
        var changed = old.Copy();
        changed["data"]!["k"] = "w";
        var first = await space.Api.PutAsync($"{space.Maps}/one", changed);
        var second = await space.Api.PutAsync($"{space.Maps}/one", changed);
        changed["metadata"]!.AsObject().Remove("resourceVersion");
        var unconditional = await space.Api.PutAsync($"{space.Maps}/one", changed);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Code, Is.EqualTo(200));
            Assert.That(second.Outcome, Is.EqualTo("409 Conflict"));
            Assert.That(second.Body.Text("message"), Does.Contain("the object has been modified"));
            Assert.That(unconditional.Version, Is.EqualTo(first.Version), "nothing changed, so nothing was written");
        }
    }

    [Test]
    public async Task A_replacement_must_be_of_the_object_in_the_path(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var body = (await space.MapAsync("one")).Body;
        await space.MapAsync("two");
        var other = await space.Api.PutAsync($"{space.Maps}/two", body);
        var none = body.Copy();
        none["metadata"]!["name"] = "three";
        none["metadata"]!.AsObject().Remove("resourceVersion");
        none["metadata"]!.AsObject().Remove("uid");
        var missing = await space.Api.PutAsync($"{space.Maps}/three", none);
        var stranger = body.Copy();
        stranger["metadata"]!["uid"] = "00000000-0000-0000-0000-000000000000";
        var uid = await space.Api.PutAsync($"{space.Maps}/one", stranger);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(other.Outcome, Is.EqualTo("400 BadRequest"));
            Assert.That(missing.Outcome, Is.EqualTo("404 NotFound"));
            Assert.That(uid.Outcome, Is.EqualTo("409 Conflict"));
        }
    }

    [Test]
    public async Task A_custom_object_is_replaced_by_version_only(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        var made = await space.WidgetAsync("one", """{"a":1}""");
        var blind = made.Body.Copy();
        blind["metadata"]!.AsObject().Remove("resourceVersion");
        blind["spec"]!["a"] = 2;
        var unconditional = await space.Api.PutAsync($"{space.Widgets}/one", blind);
        Assert.That(unconditional.Outcome, Is.EqualTo("422 Invalid"), unconditional.Body.ToJsonString());
    }

    [Test]
    public async Task Status_and_the_rest_are_written_apart(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        var made = await space.Api.PostAsync(
            space.Widgets, $$"""{"apiVersion":"{{ConformanceSpace.Group}}/v1","kind":"Widget","metadata":{"name":"one"},"spec":{"a":1},"status":{"s":1} }""");
        var body = made.Body.Copy();
        body["spec"]!["a"] = 2;
        body["status"] = new JsonObject { ["s"] = 2 };
        var status = await space.Api.PutAsync($"{space.Widgets}/one/status", body);
        body["metadata"]!["resourceVersion"] = status.Version;
        body["status"]!["s"] = 3;
        var main = await space.Api.PutAsync($"{space.Widgets}/one", body);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Body.At("status"), Is.Null);
            Assert.That(made.Body.Number("metadata", "generation"), Is.EqualTo(1));
            Assert.That((status.Body.Number("spec", "a"), status.Body.Number("status", "s")), Is.EqualTo((1L, 2L)));
            Assert.That(status.Body.Number("metadata", "generation"), Is.EqualTo(1));
            Assert.That((main.Body.Number("spec", "a"), main.Body.Number("status", "s")), Is.EqualTo((2L, 2L)));
            Assert.That(main.Body.Number("metadata", "generation"), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task A_dry_run_answers_and_stores_nothing(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var tried = await space.Api.PostAsync($"{space.Maps}?dryRun=All", """{"metadata":{"name":"one"}}""");
        var wrong = await space.Api.PostAsync($"{space.Maps}?dryRun=Some", """{"metadata":{"name":"one"}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tried.Code, Is.EqualTo(201));
            Assert.That(tried.Body.UidOf(), Is.Not.Empty);
            Assert.That(wrong.Code, Is.AnyOf(400, 422));
            Assert.That((await space.Api.GetAsync($"{space.Maps}/one")).Code, Is.EqualTo(404));
        }
    }

    [Test]
    public async Task An_immutable_map_stays_as_it_is(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.Api.PostAsync(space.Maps, """{"metadata":{"name":"one"},"data":{"k":"v"},"immutable":true}""");
        var changed = made.Body.Copy();
        changed["data"]!["k"] = "w";
        Assert.That((await space.Api.PutAsync($"{space.Maps}/one", changed)).Outcome, Is.EqualTo("422 Invalid"));
    }

    [Test]
    public async Task A_Pods_spec_is_fixed_but_for_its_images(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.Api.PostAsync(
            $"{space.Core}/pods", """{"metadata":{"name":"one"},"spec":{"nodeSelector":{"no":"where"},"containers":[{"name":"a","image":"one"}]}}""");
        var image = await space.ChangeAsync($"{space.Core}/pods/one", o => o["spec"]!["containers"]![0]!["image"] = "two");
        var command = await space.ChangeAsync($"{space.Core}/pods/one", o => o["spec"]!["containers"]![0]!["command"] = new JsonArray("x"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Body.Text("spec", "restartPolicy"), Is.EqualTo("Always"));
            Assert.That(made.Body.Text("status", "phase"), Is.EqualTo("Pending"));
            Assert.That(image.Code, Is.EqualTo(200));
            Assert.That(command.Outcome, Is.EqualTo("422 Invalid"));
        }
    }

    [Test]
    public async Task A_Service_gets_an_address_and_keeps_it(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.Api.PostAsync($"{space.Core}/services", """{"metadata":{"name":"one"},"spec":{"ports":[{"port":80}]}}""");
        var address = made.Body.Text("spec", "clusterIP");
        var moved = await space.ChangeAsync($"{space.Core}/services/one", o => o["spec"]!["clusterIP"] = "10.96.200.200");
        var twice = await space.Api.PostAsync(
            $"{space.Core}/services", $$"""{"metadata":{"name":"two"},"spec":{"clusterIP":"{{address}}","ports":[{"port":80}]} }""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(address, Does.StartWith("10.96."));
            Assert.That(made.Body.Text("spec", "type"), Is.EqualTo("ClusterIP"));
            Assert.That(made.Body.At("spec", "ports", "0") ?? made.Body["spec"]!["ports"]![0]!["targetPort"], Is.Not.Null);
            Assert.That(moved.Outcome, Is.EqualTo("422 Invalid"));
            Assert.That(twice.Outcome, Is.EqualTo("422 Invalid"));
        }
    }
}
