using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class KubernetesClusterReaderTests
{
    private const string Groups = """
        {"kind":"APIGroupList","apiVersion":"v1","groups":[
          {"name":"crd.projectcalico.org","versions":[{"groupVersion":"crd.projectcalico.org/v1","version":"v1"}],"preferredVersion":{"version":"v1"}},
          {"name":"projectcalico.org","versions":[{"groupVersion":"projectcalico.org/v3","version":"v3"}],"preferredVersion":{"version":"v3"}},
          {"name":"networking.k8s.io","versions":[{"version":"v1beta1"},{"version":"v1"}],"preferredVersion":{"version":"v1"}}]}
        """;

    private const string CoreResources = """
        {"kind":"APIResourceList","resources":[
          {"name":"nodes","kind":"Node","verbs":["get","list"]},
          {"name":"pods","kind":"Pod","namespaced":true,"verbs":["list"]},
          {"name":"pods/status","kind":"Pod","namespaced":true,"verbs":["get","list"]},
          {"name":"secrets","kind":"Secret","namespaced":true,"verbs":["list"]},
          {"name":"services","kind":"Service","namespaced":true,"verbs":["get"]},
          {"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["list"]}]}
        """;

    /// <summary>A small cluster: two Nodes on two pages, a pool, a ConfigMap that matters and one that does not.</summary>
    private static FakeAnswer? Cluster(string path) => path switch
    {
        "apis" => new(Groups),
        "api/v1" => new(CoreResources),
        "apis/crd.projectcalico.org/v1" => new("""{"resources":[{"name":"ippools","kind":"IPPool","verbs":["list"]}]}"""),
        "apis/networking.k8s.io/v1" => new("""{"resources":[{"name":"networkpolicies","kind":"NetworkPolicy","namespaced":true,"verbs":["list"]}]}"""),
        "apis/networking.k8s.io/v1beta1" => new("""{"resources":[{"name":"servicecidrs","kind":"ServiceCIDR","verbs":["list"]},{"name":"networkpolicies","kind":"NetworkPolicy","verbs":["list"]}]}"""),
        "api/v1/nodes?limit=500" => List("v1", "Node", Node("b", "10.0.1.0/24"), "next page/2"),
        "api/v1/nodes?limit=500&continue=next%20page%2F2" => List("v1", "Node", Node("a", "10.0.0.0/24")),
        "api/v1/namespaces/kube-system/configmaps?limit=500" => List("v1", "ConfigMap", """{"metadata":{"name":"kubeadm-config","namespace":"kube-system"},"data":{"ClusterConfiguration":"networking: {serviceSubnet: 10.96.0.0/16}"}},{"metadata":{"name":"other","namespace":"kube-system"}}"""),
        "apis/crd.projectcalico.org/v1/ippools?limit=500" => List("crd.projectcalico.org/v1", "IPPool", """{"apiVersion":"crd.projectcalico.org/v1","kind":"IPPool","metadata":{"name":"p","managedFields":[{}]},"spec":{"cidr":"10.10.0.0/16"}}"""),
        "apis/networking.k8s.io/v1beta1/servicecidrs?limit=500" => List("networking.k8s.io/v1beta1", "ServiceCIDR", """{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16"]}}"""),
        _ when path.EndsWith("?limit=500", StringComparison.Ordinal) => new("""{"items":[]}"""),
        _ => null,
    };

    [Test]
    public async Task ReadAsync_ServedKinds_BecomeASnapshot(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(Cluster);
        var snapshot = await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.Nodes.Select(n => (n.Name, n.PodCidrs.Single().ToString())), Is.EqualTo(new[] { ("a", "10.0.0.0/24"), ("b", "10.0.1.0/24") }));
            Assert.That(snapshot.CalicoIpam.Pools.Single().Name, Is.EqualTo("p"));
            Assert.That(snapshot.ServiceCidrs.Single().ToString(), Is.EqualTo("10.96.0.0/16"));
            Assert.That(snapshot.OfKind("", "ConfigMap").Select(c => c.Name), Is.EqualTo(new[] { "kubeadm-config" }));
            Assert.That(snapshot.OfKind("crd.projectcalico.org", "IPPool").Single().Json["metadata"]!.AsObject().ContainsKey("managedFields"), Is.False);
            Assert.That(snapshot.Objects, Has.All.Property("Source").EqualTo("cluster"));
        }
    }

    [Test]
    public async Task ReadAsync_CalicosDatastoreMigration_IsReadFromTheGroupThatHasIt(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path => path switch
        {
            "apis" => new(Groups.Replace("""{"name":"networking.k8s.io",""", """{"name":"migration.projectcalico.org","versions":[{"version":"v1beta1"}]},{"name":"networking.k8s.io",""", StringComparison.Ordinal)),
            "apis/migration.projectcalico.org/v1beta1" => new("""{"resources":[{"name":"datastoremigrations","kind":"DatastoreMigration","verbs":["list"]}]}"""),
            "apis/migration.projectcalico.org/v1beta1/datastoremigrations?limit=500" =>
                List("migration.projectcalico.org/v1beta1", "DatastoreMigration", """{"metadata":{"name":"v1-to-v3"},"status":{"phase":"Migrating"}}"""),
            _ => Cluster(path),
        });
        var snapshot = await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        var conversion = PolicyConverter.Convert(snapshot, new PolicyConversionOptions { CalicoVersion = "v3.32.0" });
        Assert.That(
            conversion.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => (f.Id, f.Subject)),
            Does.Contain(("datastore-migration", "DatastoreMigration/v1-to-v3")));
    }

    [Test]
    public async Task ReadAsync_AsksForNoSecretsAndForNoKindTwice(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(Cluster);
        await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(server.Requests, Is.Unique);
            Assert.That(server.Requests, Has.None.Contains("secrets"));
            Assert.That(server.Requests, Has.None.Contains("services"), "a resource without the verb list");
            Assert.That(server.Requests, Has.None.StartsWith("apis/projectcalico.org"), "the same objects as in crd.projectcalico.org");
            Assert.That(server.Requests, Does.Contain("apis/networking.k8s.io/v1/networkpolicies?limit=500"), "the preferred version");
            Assert.That(server.Credentials, Has.All.EqualTo("Bearer secret-token"));
        }
    }

    [Test]
    public async Task ReadAsync_GroupsThatAreMissing_AreOneNote(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path => path.Contains("servicecidrs?", StringComparison.Ordinal) ? null : Cluster(path));
        var finding = (await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken)).ReadFindings.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((finding.Id, finding.Severity), Is.EqualTo(("api-not-served", Severity.Info)));
            Assert.That(finding.Evidence, Does.Contain("crd.antrea.io").And.Contain("operator.tigera.io"));
            Assert.That(finding.Evidence, Does.Contain("servicecidrs.networking.k8s.io"), "announced, but gone when it was asked for");
        }
    }

    [Test]
    public async Task ReadAsync_OnlyCalicosApiServer_IsUsed(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path => path switch
        {
            "apis" => new("""{"groups":[{"name":"projectcalico.org","versions":[{"version":"v3"}]}]}"""),
            "apis/projectcalico.org/v3" => new("""{"resources":[{"name":"ippools","kind":"IPPool","verbs":["list"]}]}"""),
            "apis/projectcalico.org/v3/ippools?limit=500" => List("projectcalico.org/v3", "IPPool", """{"metadata":{"name":"p"},"spec":{"cidr":"10.10.0.0/16"}}"""),
            _ => Cluster(path),
        });
        var snapshot = await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        Assert.That(snapshot.CalicoIpam.Pools.Single().Name, Is.EqualTo("p"));
    }

    [Test]
    public async Task ReadAsync_ListExpires_BeginsAgainWithoutDoubles(CancellationToken cancellationToken)
    {
        var expired = false;
        using var server = new FakeApiServer(path =>
        {
            if (path.StartsWith("api/v1/nodes", StringComparison.Ordinal) && path.Contains("continue", StringComparison.Ordinal) && !expired)
            {
                expired = true;
                return new("""{"kind":"Status","reason":"Expired","message":"The provided continue parameter is too old","code":410}""", 410);
            }

            return Cluster(path);
        });
        var snapshot = await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.Nodes.Select(n => n.Name), Is.EqualTo(new[] { "a", "b" }));
            Assert.That(server.Requests.Count(r => r == "api/v1/nodes?limit=500"), Is.EqualTo(2));
            Assert.That(snapshot.ReadFindings.Select(f => f.Id), Does.Not.Contain("duplicate-object"));
        }
    }

    [Test]
    public async Task ReadAsync_ListKeepsExpiring_EndsWithAClearError(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path => path.Contains("continue", StringComparison.Ordinal) ? new("{}", 410) : Cluster(path));
        var error = await Assert.ThrowsAsync<MigrationException>(() => new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken));
        Assert.That(error!.Message, Does.Contain(server.Address).And.Contain("api/v1/nodes").And.Contain("410"));
    }

    [TestCase("7", 7)]
    [TestCase("86400", 30)]
    public async Task ReadAsync_TooManyRequests_WaitsAsTheServerAsksButNotForEver(string retryAfter, int seconds, CancellationToken cancellationToken)
    {
        var refused = 0;
        using var server = new FakeApiServer(path =>
            path == "api/v1/pods?limit=500" && refused++ < 2 ? new("""{"message":"slow down"}""", 429, retryAfter) : Cluster(path));
        var clock = new ImpatientTimeProvider();
        await new KubernetesClusterReader(server.Client, clock).ReadAsync(cancellationToken);
        Assert.That(clock.Waits, Is.EqualTo(new[] { TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds) }));
    }

    [Test]
    public async Task ReadAsync_ServerErrorThatStays_IsGivenUpWithAClearError(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path =>
            path == "api/v1/pods?limit=500" ? new("""{"kind":"Status","message":"etcdserver: request timed out","reason":"InternalError"}""", 500) : Cluster(path));
        var clock = new ImpatientTimeProvider();
        var error = await Assert.ThrowsAsync<MigrationException>(() => new KubernetesClusterReader(server.Client, clock).ReadAsync(cancellationToken));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("api/v1/pods").And.Contain("500").And.Contain("etcdserver: request timed out"));
            Assert.That(clock.Waits, Has.Count.EqualTo(6));
            Assert.That(server.Requests.Count(r => r == "api/v1/pods?limit=500"), Is.EqualTo(7));
        }
    }

    [Test]
    public async Task ReadAsync_Forbidden_NamesEveryResourceAtOnce(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path =>
            path.StartsWith("api/v1/pods", StringComparison.Ordinal) || path.Contains("/ippools?", StringComparison.Ordinal) || path.Contains("/configmaps?", StringComparison.Ordinal)
                ? new("""{"kind":"Status","message":"forbidden: User \"eve\" cannot list resource","reason":"Forbidden","code":403}""", 403)
                : Cluster(path));
        var error = await Assert.ThrowsAsync<MigrationException>(() => new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("pods, configmaps in kube-system, ippools.crd.projectcalico.org"));
            Assert.That(error.Next, Does.Contain("'list'"));
        }
    }

    [Test]
    public async Task ReadAsync_Unauthorized_SaysSoAtOnce(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(_ => new("""{"kind":"Status","message":"Unauthorized","code":401}""", 401));
        var error = await Assert.ThrowsAsync<MigrationException>(() => new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain(server.Address).And.Contain("credentials").And.Not.Contain("secret-token"));
            Assert.That(server.Requests, Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task ReadAsync_NobodyThere_SaysWhereAndWhatNext(CancellationToken cancellationToken)
    {
        string address;
        using (var gone = new FakeApiServer(_ => null))
        {
            address = gone.Address;
        }

        using var client = new k8s.Kubernetes(new k8s.KubernetesClientConfiguration { Host = address });
        var error = await Assert.ThrowsAsync<MigrationException>(
            () => new KubernetesClusterReader(client, new ImpatientTimeProvider()).ReadAsync(cancellationToken));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain(address));
            Assert.That(error.Next, Does.Contain("kubeconfig"));
        }
    }

    [Test]
    public async Task ReadAsync_NotAnApiServer_SaysSo(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(_ => new("<html>hello</html>"));
        var error = await Assert.ThrowsAsync<MigrationException>(() => new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken));
        Assert.That(error!.Message, Does.Contain("is not a Kubernetes object"));
    }

    [Test]
    public async Task ReadAsync_GroupWhoseServerIsGone_IsABlockerAndTheRestIsRead(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path =>
            path == "apis/networking.k8s.io/v1beta1" ? new("""{"message":"service unavailable"}""", 503) : Cluster(path));
        var snapshot = await new KubernetesClusterReader(server.Client, new ImpatientTimeProvider()).ReadAsync(cancellationToken);
        var finding = snapshot.ReadFindings.Single(f => f.Id == "api-unavailable");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((finding.Severity, finding.Subject), Is.EqualTo((Severity.Blocker, "API/networking.k8s.io/v1beta1")));
            Assert.That(snapshot.Nodes, Has.Length.EqualTo(2));
        }
    }

    [Test]
    public async Task ReadAsync_BadValue_IsAFindingNotAnError(CancellationToken cancellationToken)
    {
        using var server = new FakeApiServer(path =>
            path.Contains("/ippools?", StringComparison.Ordinal)
                ? List("crd.projectcalico.org/v1", "IPPool", """{"metadata":{"name":"p"},"spec":{"cidr":"10.10.6.42/26"}}""")
                : Cluster(path));
        var snapshot = await new KubernetesClusterReader(server.Client).ReadAsync(cancellationToken);
        var finding = snapshot.ReadFindings.Single(f => f.Id == "value-unreadable");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((finding.Severity, finding.Subject), Is.EqualTo((Severity.Blocker, "IPPool/p")));
            Assert.That(finding.Evidence, Does.Contain("spec.cidr").And.Contain("10.10.6.42/26"));
        }
    }

    [Test]
    public async Task ReadAsync_Cancelled_EndsWithTheCallersToken()
    {
        using var source = new CancellationTokenSource();
        using var server = new FakeApiServer(path =>
        {
            source.Cancel();
            return Cluster(path);
        });
        Assert.That(
            (await Assert.CatchAsync<OperationCanceledException>(() => new KubernetesClusterReader(server.Client).ReadAsync(source.Token)))!.CancellationToken.IsCancellationRequested,
            Is.True);
    }

    private static string Node(string name, string podCidr) => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"podCIDR":"{{{podCidr}}}"}}""";

    private static FakeAnswer List(string apiVersion, string kind, string items, string next = "") =>
        new($$"""{"kind":"{{kind}}List","apiVersion":"{{apiVersion}}","metadata":{"continue":"{{next}}"},"items":[{{items}}]}""");
}
