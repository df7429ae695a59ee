using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>The end of objects: finalizers, preconditions, owners, Namespaces, definitions.</summary>
[TestFixture(ConformancePlane.Embedded)]
[TestFixture(ConformancePlane.Real)]
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class DeletionConformanceTests(string plane)
{
    private Task<ConformanceSpace> SpaceAsync(CancellationToken token) => ConformanceSpace.NewAsync(plane, token);

    private static string OwnedBy(Answer owner, bool blocks = false, string finalizer = "") => new JsonObject
    {
        ["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["name"] = owner.Body.NameOf(),
            ["uid"] = owner.Body.UidOf(),
            ["blockOwnerDeletion"] = blocks,
        }),
        ["finalizers"] = finalizer.Length > 0 ? new JsonArray(finalizer) : null,
    }.ToJsonString();

    [Test]
    public async Task A_deletion_says_what_it_deleted(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var made = await space.MapAsync("one");
        var deleted = await space.Api.DeleteAsync($"{space.Maps}/one");
        var again = await space.Api.DeleteAsync($"{space.Maps}/one");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deleted.Code, Is.EqualTo(200));
            Assert.That(deleted.Body.Text("status"), Is.EqualTo("Success"));
            Assert.That(deleted.Body.Text("details", "uid"), Is.EqualTo(made.Body.UidOf()));
            Assert.That(again.Outcome, Is.EqualTo("404 NotFound"));
        }
    }

    [Test]
    public async Task A_finalizer_keeps_a_deleted_object_until_it_is_taken_off(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one", """{"finalizers":["example.com/hold"]}""");
        var deleted = await space.Api.DeleteAsync($"{space.Maps}/one");
        var marked = await space.Api.GetAsync($"{space.Maps}/one");
        var more = await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""");
        var changed = await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"data":{"k":"still"}}""");
        var freed = await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"metadata":{"finalizers":null}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deleted.Body.Text("kind"), Is.EqualTo("ConfigMap"), "it is still there, so it is the answer");
            Assert.That(marked.Body.Text("metadata", "deletionTimestamp"), Is.Not.Null);
            Assert.That(more.Outcome, Is.EqualTo("422 Invalid"), "no new finalizers");
            Assert.That(changed.Code, Is.EqualTo(200));
            Assert.That(freed.Code, Is.EqualTo(200));
            Assert.That((await space.Api.GetAsync($"{space.Maps}/one")).Code, Is.EqualTo(404));
        }
    }

    [TestCase("""{"preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}""", "409 Conflict")]
    [TestCase("""{"preconditions":{"resourceVersion":"1"}}""", "409 Conflict")]
    [TestCase("""{"propagationPolicy":"Sideways"}""", "422 Invalid")]
    [TestCase("""{"dryRun":["All"]}""", "200")]
    public async Task A_deletion_that_leaves_the_object(string options, string outcome, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one");
        var answer = await space.Api.DeleteAsync($"{space.Maps}/one", options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Outcome, Is.EqualTo(outcome), answer.Body.ToJsonString());
            Assert.That((await space.Api.GetAsync($"{space.Maps}/one")).Code, Is.EqualTo(200));
        }
    }

    [Test]
    public async Task A_collection_is_deleted_by_selector(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("a", """{"labels":{"app":"x"}}""");
        await space.MapAsync("b", """{"labels":{"app":"y"}}""");
        await space.MapAsync("c", """{"labels":{"app":"x"}}""");
        var deleted = await space.Api.DeleteAsync($"{space.Maps}?labelSelector=app%3Dx");
        var left = await space.Api.GetAsync($"{space.Maps}?labelSelector=app");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deleted.Body.Items("items").Select(i => i.NameOf()), Is.EqualTo((string[])["a", "c"]));
            Assert.That(left.Body.Items("items").Select(i => i.NameOf()), Is.EqualTo((string[])["b"]));
        }
    }

    [Test]
    public async Task Dependents_follow_their_owner(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var owner = await space.MapAsync("owner");
        await space.MapAsync("child", OwnedBy(owner));
        await space.Api.DeleteAsync($"{space.Maps}/owner", """{"propagationPolicy":"Background"}""");
        var gone = await space.Api.UntilAsync($"{space.Maps}/child", a => a.Code == 404, token);
        Assert.That(gone.Code, Is.EqualTo(404));
    }

    [Test]
    public async Task Orphans_stay_and_forget_their_owner(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var owner = await space.MapAsync("owner");
        await space.MapAsync("child", OwnedBy(owner));

        // A real collector learns of the child by watching; only then does it know whom to orphan.
        await Task.Delay(200, token);
        await space.Api.DeleteAsync($"{space.Maps}/owner", """{"propagationPolicy":"Orphan"}""");
        await space.Api.UntilAsync($"{space.Maps}/owner", a => a.Code == 404, token);
        var child = await space.Api.GetAsync($"{space.Maps}/child");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(child.Code, Is.EqualTo(200));
            Assert.That(child.Body.At("metadata", "ownerReferences"), Is.Null);
        }
    }

    [Test]
    public async Task An_owner_deleted_in_the_foreground_waits_for_its_dependents(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var owner = await space.MapAsync("owner");
        await space.MapAsync("child", OwnedBy(owner, blocks: true, "example.com/hold"));
        await Task.Delay(200, token);
        var deleted = await space.Api.DeleteAsync($"{space.Maps}/owner", """{"propagationPolicy":"Foreground"}""");
        await space.Api.UntilAsync($"{space.Maps}/child", a => a.Body.Text("metadata", "deletionTimestamp") is not null, token);
        var waiting = await space.Api.GetAsync($"{space.Maps}/owner");
        await space.Api.PatchAsync($"{space.Maps}/child", RawApi.Merge, """{"metadata":{"finalizers":null}}""");
        await space.Api.UntilAsync($"{space.Maps}/owner", a => a.Code == 404, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deleted.Body.At("metadata", "finalizers")!.ToJsonString(), Is.EqualTo("""["foregroundDeletion"]"""));
            Assert.That(waiting.Code, Is.EqualTo(200));
        }
    }

    [Test]
    public async Task A_dependent_of_nobody_is_collected(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var owner = await space.MapAsync("owner");
        await space.Api.DeleteAsync($"{space.Maps}/owner");
        await space.MapAsync("child", OwnedBy(owner));
        var gone = await space.Api.UntilAsync($"{space.Maps}/child", a => a.Code == 404, token);
        Assert.That(gone.Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_deleted_Namespace_takes_its_contents_with_it(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("slow", """{"finalizers":["example.com/hold"]}""");
        await space.MapAsync("quick");
        var path = $"api/v1/namespaces/{space.Namespace}";
        await space.Api.DeleteAsync(path);
        await space.Api.UntilAsync($"{space.Maps}/quick", a => a.Code == 404, token);
        var terminating = await space.Api.GetAsync(path);
        var refused = await space.Api.PostAsync(space.Maps, """{"metadata":{"name":"late"}}""");
        await space.Api.PatchAsync($"{space.Maps}/slow", RawApi.Merge, """{"metadata":{"finalizers":null}}""");
        await space.Api.UntilAsync(path, a => a.Code == 404, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(terminating.Body.Text("status", "phase"), Is.EqualTo("Terminating"));
            Assert.That(terminating.Body.At("spec", "finalizers")!.ToJsonString(), Is.EqualTo("""["kubernetes"]"""));
            Assert.That(refused.Outcome, Is.EqualTo("403 Forbidden"));
        }
    }

    [Test]
    public async Task A_definition_is_served_and_takes_its_objects_with_it(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var plural = "gadgets" + space.Namespace[^1];
        var kind = "Gadget" + space.Namespace[^1];
        const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        await space.Api.PostAsync(Definitions, ConformanceSpace.Definition(plural, kind));
        var path = $"{Definitions}/{plural}.{ConformanceSpace.Group}";
        var established = await space.Api.UntilAsync(path, a => a.Body.Items("status", "conditions").Any(c => c.Text("type") == "Established" && c.Text("status") == "True"), token);
        var objects = $"apis/{ConformanceSpace.Group}/v1/namespaces/{space.Namespace}/{plural}";
        await space.Api.UntilAsync(objects, a => a.Code == 200, token);
        await space.Api.PostAsync(objects, $$"""{"apiVersion":"{{ConformanceSpace.Group}}/v1","kind":"{{kind}}","metadata":{"name":"one"} }""");
        var discovered = await space.Api.UntilAsync(
            $"apis/{ConformanceSpace.Group}/v1", a => a.Body.Items("resources").Any(r => r.Text("name") == plural), token);
        await space.Api.DeleteAsync(path);
        await space.Api.UntilAsync(path, a => a.Code == 404, token);
        await space.Api.UntilAsync(objects, a => a.Code == 404, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(established.Body.Text("status", "acceptedNames", "kind"), Is.EqualTo(kind));
            Assert.That(established.Body.At("status", "storedVersions")!.ToJsonString(), Is.EqualTo("""["v1"]"""));
            Assert.That(discovered.Body.Items("resources").Select(r => r.Text("name")), Does.Contain(plural + "/status"));
        }
    }

    [Test]
    public async Task A_Pod_that_never_ran_goes_at_once_and_a_bound_one_waits_for_its_kubelet(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.Api.PostAsync($"{space.Core}/pods", """{"metadata":{"name":"free"},"spec":{"nodeSelector":{"no":"where"},"containers":[{"name":"a","image":"one"}]}}""");
        await space.Api.PostAsync($"{space.Core}/pods", """{"metadata":{"name":"bound"},"spec":{"nodeName":"elsewhere","containers":[{"name":"a","image":"one"}]}}""");
        await space.Api.DeleteAsync($"{space.Core}/pods/free");
        var deleted = await space.Api.DeleteAsync($"{space.Core}/pods/bound");
        var waiting = await space.Api.GetAsync($"{space.Core}/pods/bound");
        await space.Api.DeleteAsync($"{space.Core}/pods/bound", """{"gracePeriodSeconds":0}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await space.Api.GetAsync($"{space.Core}/pods/free")).Code, Is.EqualTo(404));
            Assert.That(deleted.Body.Text("kind"), Is.EqualTo("Pod"));
            Assert.That(waiting.Body.Number("metadata", "deletionGracePeriodSeconds"), Is.EqualTo(30));
            Assert.That((await space.Api.GetAsync($"{space.Core}/pods/bound")).Code, Is.EqualTo(404));
        }
    }
}
