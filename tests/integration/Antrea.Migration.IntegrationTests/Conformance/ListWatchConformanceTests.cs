using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.ControlPlane.Real;
using Antrea.Migration.Lab.Nodes;
using k8s;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Lists, pages, selectors and watches.</summary>
[TestFixture(ConformancePlane.Embedded)]
[TestFixture(ConformancePlane.Real)]
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class ListWatchConformanceTests(string plane)
{
    private Task<ConformanceSpace> SpaceAsync(CancellationToken token) => ConformanceSpace.NewAsync(plane, token);

    // A newer server puts a map of its own, kube-root-ca.crt, into every Namespace.
    private static string Names(Answer list) =>
        string.Join(' ', list.Body.Items("items").Select(i => i.NameOf()).Where(n => n != "kube-root-ca.crt"));

    private static string Show(JsonObject change) => $"{change.Text("type")} {change.Text("object", "metadata", "name")}";

    [Test]
    public async Task A_list_is_sorted_and_its_items_leave_out_what_it_says_once(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("b");
        await space.MapAsync("c");
        await space.MapAsync("a");
        var list = await space.Api.GetAsync(space.Maps);
        await space.DefineWidgetsAsync(token);
        await space.WidgetAsync("one");
        var custom = await space.Api.GetAsync(space.Widgets);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Body.Text("kind"), Is.EqualTo("ConfigMapList"));
            Assert.That(Names(list), Is.EqualTo("a b c"));
            Assert.That(list.Body.Items("items").First().ContainsKey("kind"), Is.False);
            Assert.That(custom.Body.Items("items").First().Text("kind"), Is.EqualTo("Widget"), "custom objects carry theirs");
            Assert.That(long.Parse(list.Version), Is.GreaterThanOrEqualTo(list.Body.Items("items").Max(i => i.Number("metadata", "resourceVersion") ?? long.Parse(i.Text("metadata", "resourceVersion")!))));
        }
    }

    [Test]
    public async Task Pages_show_the_moment_of_the_first_page(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        foreach (var i in Enumerable.Range(0, 5))
        {
            await space.MapAsync($"m{i}", """{"labels":{"app":"x"}}""");
        }

        List<string> pages = [];
        HashSet<string> versions = [];
        var next = "";
        do
        {
            var page = await space.Api.GetAsync($"{space.Maps}?labelSelector=app%3Dx&limit=2" + (next.Length > 0 ? $"&continue={Uri.EscapeDataString(next)}" : ""));
            pages.Add(Names(page));
            versions.Add(page.Version);
            next = page.Body.Text("metadata", "continue") ?? "";
            await space.Api.DeleteAsync($"{space.Maps}/m3");
        }
        while (next.Length > 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pages, Is.EqualTo((string[])["m0 m1", "m2 m3", "m4"]));
            Assert.That(versions, Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task A_page_says_how_many_items_remain_unless_a_selector_hides_it(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        foreach (var i in Enumerable.Range(0, 3))
        {
            await space.WidgetAsync($"w{i}");
        }

        var page = await space.Api.GetAsync($"{space.Widgets}?limit=1");
        var selected = await space.Api.GetAsync($"{space.Widgets}?limit=1&labelSelector=!x");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page.Body.Number("metadata", "remainingItemCount"), Is.EqualTo(2));
            Assert.That(selected.Body.Number("metadata", "remainingItemCount"), Is.Null);
        }
    }

    [TestCase("continue=bm9uc2Vuc2U%3D&limit=1", "400 BadRequest")]
    [TestCase("labelSelector=a%20in%20x", "400 BadRequest")]
    [TestCase("labelSelector=a%3D%3D%3Db", "400 BadRequest")]
    [TestCase("fieldSelector=data.k%3Dv", "400 BadRequest")]
    [TestCase("resourceVersion=abc", "(400 BadRequest|500 )")]
    [TestCase("limit=many", "400 BadRequest")]
    public async Task A_list_can_be_refused(string query, string outcome, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var answer = await space.Api.GetAsync($"{space.Maps}?{query}");
        Assert.That(answer.Outcome, Does.Match($"^{outcome}$"), answer.Body.ToJsonString());
    }

    [TestCase("labelSelector=app%3Dweb", "a b")]
    [TestCase("labelSelector=app%3D%3Dweb,tier", "a")]
    [TestCase("labelSelector=app%20in%20(web,db),!tier", "b c")]
    [TestCase("labelSelector=app%20notin%20(web)", "c d")]
    [TestCase("labelSelector=app!%3Dweb", "c d")]
    [TestCase("labelSelector=tier%3D", "d")]
    [TestCase("fieldSelector=metadata.name%3Dc", "c")]
    [TestCase("fieldSelector=metadata.name!%3Dc", "a b d")]
    [TestCase("fieldSelector=metadata.name!%3Dc,metadata.name!%3Da&labelSelector=app", "b")]
    [TestCase("fieldSelector=", "a b c d")]
    public async Task Selectors_narrow_a_list(string query, string names, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("a", """{"labels":{"app":"web","tier":"front"}}""");
        await space.MapAsync("b", """{"labels":{"app":"web"}}""");
        await space.MapAsync("c", """{"labels":{"app":"db"}}""");
        await space.MapAsync("d", """{"labels":{"tier":""}}""");
        Assert.That(Names(await space.Api.GetAsync($"{space.Maps}?{query}")), Is.EqualTo(names));
    }

    [Test]
    public async Task A_watch_goes_on_from_a_list(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one");
        var since = (await space.Api.GetAsync(space.Maps)).Version;
        var second = await space.MapAsync("two");
        await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"data":{"k":"w"}}""");
        await space.Api.DeleteAsync($"{space.Maps}/two");
        var seen = await space.Api.WatchAsync($"{space.Maps}?watch=1&resourceVersion={since}")
            .Where(c => c.Text("object", "metadata", "name") != "kube-root-ca.crt").Take(3).ToListAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen.Select(Show), Is.EqualTo((string[])["ADDED two", "MODIFIED one", "DELETED two"]));
            Assert.That(seen[0].Text("object", "metadata", "resourceVersion"), Is.EqualTo(second.Version));
            Assert.That(
                long.Parse(seen[2].Text("object", "metadata", "resourceVersion")!),
                Is.GreaterThan(long.Parse(seen[1].Text("object", "metadata", "resourceVersion")!)), "a deletion has a version of its own");
            Assert.That(seen[1].Text("object", "kind"), Is.EqualTo("ConfigMap"));
        }
    }

    [Test]
    public async Task A_watch_from_before_what_is_remembered_says_that_it_is_gone(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        await space.WidgetAsync("one");
        var seen = await space.Api.WatchAsync($"{space.Widgets}?watch=1&timeoutSeconds=20&resourceVersion=1").ToListAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen.Select(c => c.Text("type")), Is.EqualTo((string[])["ERROR"]), "and the answer ends");
            Assert.That(seen[0].Text("object", "kind"), Is.EqualTo("Status"));
            Assert.That(seen[0].Number("object", "code"), Is.EqualTo(410));
            Assert.That(seen[0].Text("object", "reason"), Is.EqualTo("Expired"));
            Assert.That(seen[0].Text("object", "message"), Does.StartWith("too old resource version: 1 ("));
        }
    }

    [Test]
    public async Task A_mirror_whose_version_is_forgotten_lists_again_and_misses_nothing(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DefineWidgetsAsync(token);
        await space.WidgetAsync("stays");
        await space.WidgetAsync("goes");
        using var forgetting = new ForgettingHandler("/widgets", space.Plane.Client.Credentials);
        using var account = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(space.Plane.Kubeconfig));
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(account), forgetting);
        await using var mirror = await ClusterMirror.StartAsync(client, TimeProvider.System, token);
        var type = new ResourceType(ConformanceSpace.Group, "v1", "Widget", "widgets", true);
        await mirror.Store.UntilAsync(() => Mirrored() == "goes stays", token);

        // The watch ends, and nothing of what follows is told by another one.
        forgetting.Forget();
        await forgetting.Refused.WaitAsync(token);
        await space.Api.DeleteAsync($"{space.Widgets}/goes");
        await space.WidgetAsync("comes");
        forgetting.Remember();

        await mirror.Store.UntilAsync(() => Mirrored() == "comes stays", token);
        Assert.That(mirror.Failures, Is.Empty);

        string Mirrored() => string.Join(' ', mirror.Store.PeekAll(type, space.Namespace).Select(o => o.NameOf()));
    }

    /// <summary>Lets watches of one kind be short, and, when told to, begin long ago.</summary>
    private sealed class ForgettingHandler(string kind, k8s.Authentication.ServiceClientCredentials? account) : DelegatingHandler
    {
        private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _remembers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _forgets;

        /// <summary>A watch has begun too long ago.</summary>
        public Task Refused => _refused.Task;

        public void Forget() => _forgets = true;

        /// <summary>Lists are answered again.</summary>
        public void Remember()
        {
            _forgets = false;
            _remembers.TrySetResult();
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.PathAndQuery;
            if (path.Contains(kind, StringComparison.Ordinal) && path.Contains("watch=1", StringComparison.Ordinal))
            {
                var version = _forgets ? System.Text.RegularExpressions.Regex.Replace(path, "resourceVersion=[0-9]+", "resourceVersion=1") : path;
                request.RequestUri = new Uri(request.RequestUri, version + "&timeoutSeconds=1");
                if (_forgets)
                {
                    _refused.TrySetResult();
                }
            }
            else if (path.Contains(kind, StringComparison.Ordinal) && _forgets)
            {
                await _remembers.Task.WaitAsync(cancellationToken);
            }

            // The mirror relies on its client's certificate, which the lab's own control plane does not ask for.
            await (account?.ProcessHttpRequestAsync(request, cancellationToken) ?? Task.CompletedTask);
            return await base.SendAsync(request, cancellationToken);
        }
    }

    [Test]
    public async Task An_object_that_leaves_the_selection_is_deleted_for_the_watcher(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var since = (await space.Api.GetAsync(space.Maps)).Version;
        await space.MapAsync("one", """{"labels":{"app":"x"}}""");
        await space.MapAsync("two", """{"labels":{"app":"y"}}""");
        await space.Api.PatchAsync($"{space.Maps}/two", RawApi.Merge, """{"metadata":{"labels":{"app":"x"}}}""");
        await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"metadata":{"labels":{"app":"y"}}}""");
        await space.Api.PatchAsync($"{space.Maps}/one", RawApi.Merge, """{"data":{"k":"unseen"}}""");
        await space.Api.DeleteAsync($"{space.Maps}/two");
        var seen = await space.Api.WatchAsync($"{space.Maps}?watch=1&labelSelector=app%3Dx&resourceVersion={since}").Take(4).Select(Show).ToListAsync(token);
        Assert.That(seen, Is.EqualTo((string[])["ADDED one", "ADDED two", "DELETED one", "DELETED two"]));
    }

    [TestCase("")]
    [TestCase("&resourceVersion=0")]
    public async Task A_watch_without_a_version_starts_with_what_is_there(string version, CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one", """{"labels":{"app":"x"}}""");
        var path = $"{space.Maps}?watch=1&labelSelector=app%3Dx{version}";
        await space.Api.UntilAsync($"{space.Maps}?labelSelector=app%3Dx&resourceVersion=0", a => Names(a) == "one", token);
        Assert.That(await space.Api.WatchAsync(path).Take(1).Select(Show).ToListAsync(token), Is.EqualTo((string[])["ADDED one"]));
    }

    [Test]
    public async Task A_watch_ends_when_its_time_is_up(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var since = (await space.Api.GetAsync(space.Maps)).Version;
        var seen = await space.Api.WatchAsync($"{space.Maps}?watch=1&labelSelector=none&timeoutSeconds=1&resourceVersion={since}").ToListAsync(token);
        Assert.That(seen, Is.Empty);
    }

    [Test]
    public async Task A_watch_of_a_version_that_is_no_number_is_refused(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        Assert.That((await space.Api.GetAsync($"{space.Maps}?watch=1&resourceVersion=abc")).Outcome, Does.Match("^(400 BadRequest|500 )$"));
    }

    [Test]
    public async Task Kubectl_can_ask_for_a_table(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.MapAsync("one", """{"labels":{"app":"x"}}""");
        var table = await space.Api.SendAsync(
            HttpMethod.Get, $"{space.Maps}?labelSelector=app%3Dx", null, accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Body.Text("kind"), Is.EqualTo("Table"));
            Assert.That(table.Body.Items("columnDefinitions").Select(c => c.Text("name")), Is.EqualTo((string[])["Name", "Data", "Age"]));
            Assert.That(table.Body.Items("rows").Single()["cells"]![0]!.GetValue<string>(), Is.EqualTo("one"));
        }
    }
}
