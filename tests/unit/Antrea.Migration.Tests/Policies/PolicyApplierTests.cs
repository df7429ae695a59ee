using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Execution;
using Antrea.Migration.Policies.Application;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Applying: order, the server-side apply's terms, the waits, the removal of what is no longer wanted.</summary>
public sealed class PolicyApplierTests
{
    private static readonly PolicyApplyOptions Options = new() { Timeout = TimeSpan.FromMinutes(1), PollInterval = TimeSpan.FromSeconds(2) };

    private static PolicyCluster Cluster() => PolicyCluster.Examples()
        .NetworkPolicy("shop", "web", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow}]}")
        .GlobalPolicy("all", "{order: 5, types: [Egress], egress: [{action: Allow}]}");

    [Test]
    public async Task ApplyAsync_Tiers_ComeFirstAndEverythingIsStrictServerSideApply()
    {
        using var api = new FakeAntreaApi();
        var result = await Apply(api);
        var patches = Writes(api).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(patches.Select(p => p.Split(' ', '?')[1]), Is.EqualTo(new[]
            {
                "tiers/calico-default", "clusternetworkpolicies/calico-all", "namespaces/shop/networkpolicies/calico-web",
                "clusternetworkpolicies/calicoend-default", "namespaces/shop/networkpolicies/calicoend-default",
            }));
            Assert.That(patches, Has.All.Contains("fieldManager=antrea-migrator").And.All.Contains("fieldValidation=Strict").And.All.Contains("force=true"));
            Assert.That(result.Applied, Has.Length.EqualTo(5));
            Assert.That(result.Removed, Is.Empty);
        }
    }

    [Test]
    public async Task ApplyAsync_WhatAnEarlierRunWrote_IsRemovedLastAndOnlyThat()
    {
        using var api = new FakeAntreaApi();
        api.Seed("networkpolicies", "calico-old", "shop");
        api.Seed("tiers", "calico-old");
        api.Seed("clusternetworkpolicies", "mine", ours: false);
        var result = await Apply(api);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Removed, Is.EqualTo(new[] { "NetworkPolicy/shop/calico-old", "Tier/calico-old" }));
            Assert.That(api.Objects.Keys, Does.Contain("clusternetworkpolicies//mine"));
            Assert.That(
                api.Requests.FindIndex(r => r.StartsWith("DELETE", StringComparison.Ordinal)),
                Is.GreaterThan(api.Requests.FindLastIndex(r => r.StartsWith("PATCH", StringComparison.Ordinal))));
        }
    }

    [Test]
    public async Task ApplyAsync_TierNotYetKnownToTheWebhook_IsTriedAgain()
    {
        using var api = new FakeAntreaApi { UnknownTierAnswers = 3 };
        await Apply(api);
        Assert.That(api.Requests.Count(r => r.Contains("calico-all?", StringComparison.Ordinal)), Is.EqualTo(5), "three refusals, the dry run and the write");
    }

    [Test]
    public async Task ApplyAsync_Realizing_WaitsForTwoGoodLooks()
    {
        using var api = new FakeAntreaApi { RealizingLists = 3 };
        await Apply(api);
        var lists = api.Requests.TakeWhile(r => !r.Contains("DELETE", StringComparison.Ordinal))
            .Count(r => r.StartsWith("GET clusternetworkpolicies?labelSelector", StringComparison.Ordinal));

        // Two looks in which one kind or the other is not done, two good ones, and the search for what to remove.
        Assert.That(lists, Is.EqualTo(5));
    }

    [Test]
    public async Task ApplyAsync_NeverRealized_NamesThePolicies()
    {
        using var api = new FakeAntreaApi { RealizingLists = -1 };
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("NetworkPolicy/shop/calico-web is Realizing at generation 1 of 1, on 1 of 4 Nodes"));
            Assert.That(error.Next, Does.Contain("antrea-agent"));
            Assert.That(api.Requests, Has.None.StartsWith("DELETE"));
        }
    }

    [TestCase(HttpStatusCode.NotFound, "Install Antrea")]
    [TestCase(HttpStatusCode.InternalServerError, "antrea-controller")]
    [TestCase(HttpStatusCode.Forbidden, "Grant")]
    public async Task ApplyAsync_RefusedByTheServer_SaysWhatToDo(HttpStatusCode status, string next)
    {
        using var api = new FakeAntreaApi { Failure = status };
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("listing tiers.crd.antrea.io").And.Contain(status == HttpStatusCode.NotFound ? "does not serve" : $"{(int)status}"));
            Assert.That(error.Next, Does.Contain(next));
        }
    }

    [Test]
    public async Task ApplyAsync_SomebodyElsesObjectOfAWantedName_EndsBeforeAnythingIsWritten()
    {
        using var api = new FakeAntreaApi();
        api.Seed("networkpolicies", "calico-web", "shop", ours: false);
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("NetworkPolicy/shop/calico-web is there already"));
            Assert.That(api.Requests, Has.All.StartsWith("GET"));
        }
    }

    [TestCase("ingress", "NetworkPolicy/shop/calico-web")]
    [TestCase("egress", "ClusterNetworkPolicy/calico-all")]
    [TestCase("tier", "ClusterNetworkPolicy/calico-all")]
    public async Task ApplyAsync_ServerThatDropsAField_IsNeverGivenAPolicy(string field, string subject)
    {
        using var api = new FakeAntreaApi { DroppedField = field };
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain($"spec.{field} of {subject}").And.Contain("neither it nor any other policy was written"));
            Assert.That(error.Next, Does.Contain("CustomResourceDefinitions"));
            Assert.That(Writes(api), Has.All.StartsWith("PATCH tiers/"));
            Assert.That(api.Objects.Keys, Is.EqualTo(new[] { "tiers//calico-default" }));
        }
    }

    [Test]
    public async Task ApplyAsync_ServerThatDropsAGroupsField_IsGivenNothing()
    {
        using var api = new FakeAntreaApi { DroppedField = "ipBlocks" };
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api, WithGroup("10.0.0.0/8")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("spec.ipBlocks of ClusterGroup/g"));
            Assert.That(Writes(api), Is.Empty);
        }
    }

    [Test]
    public async Task ApplyAsync_EveryObject_IsTriedBeforeTheFirstPolicyIsWritten()
    {
        using var api = new FakeAntreaApi();
        var result = await Apply(api, WithGroup("10.0.0.0/8"));
        var firstPolicy = api.Requests.IndexOf(Writes(api).First(r => r.Contains("policies/", StringComparison.Ordinal)));
        var tried = api.Requests.Where(r => r.Contains("dryRun=All", StringComparison.Ordinal)).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tried, Has.Count.EqualTo(result.Applied.Length));
            Assert.That(tried.Select(r => api.Requests.IndexOf(r)), Has.All.LessThan(firstPolicy));
        }
    }

    [Test]
    public async Task ApplyAsync_ServerWhoseSchemaChangesAfterItWasAsked_DeletesTheObjectAndNamesTheField()
    {
        using var api = new FakeAntreaApi { DroppedField = "egress", DropsUnannounced = true };
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("applying ClusterNetworkPolicy/calico-all").And.Contain("spec.egress").And.Contain("deleted again"));
            Assert.That(api.Objects.Keys, Is.EqualTo(new[] { "tiers//calico-default" }));
        }
    }

    [Test]
    public async Task ApplyAsync_Groups_ComeBeforePoliciesAndAreWaitedFor()
    {
        using var api = new FakeAntreaApi { ComputingLists = 2 };
        await Apply(api, WithGroup("10.0.0.0/8"));
        var written = api.Requests.IndexOf(Writes(api).First(r => r.Contains("clustergroups/g", StringComparison.Ordinal)));
        var used = api.Requests.IndexOf(Writes(api).First(r => r.Contains("clusternetworkpolicies/", StringComparison.Ordinal)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(written, Is.Positive.And.LessThan(used));
            Assert.That(api.Requests[written..used].Count(r => r.StartsWith("GET clustergroups", StringComparison.Ordinal)), Is.EqualTo(3));
        }
    }

    [Test]
    public async Task ApplyAsync_GroupWithOtherNetworks_IsNotEdited()
    {
        using var api = new FakeAntreaApi();
        await Apply(api, WithGroup("10.0.0.0/8"));
        api.Requests.Clear();
        var error = await Assert.ThrowsAsync<MigrationException>(() => Apply(api, WithGroup("10.0.0.0/9")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Does.Contain("ClusterGroup/g is there with other ipBlocks"));
            Assert.That(api.Requests, Has.All.StartsWith("GET"));
        }
    }

    [Test]
    public async Task ApplyAsync_LabelledObjectWithoutOrigin_StaysWhereItIs()
    {
        using var api = new FakeAntreaApi();
        api.Seed("clusternetworkpolicies", "looks-like-ours");
        api.Objects["clusternetworkpolicies//looks-like-ours"]["metadata"]!.AsObject().Remove("annotations");
        Assert.That((await Apply(api)).Removed, Is.Empty);
    }

    [Test]
    public async Task ApplyAsync_ConversionWithRefusals_WritesNothing()
    {
        using var api = new FakeAntreaApi();
        var conversion = Cluster().NetworkPolicy("shop", "not", "{types: [Ingress], ingress: [{action: Allow, notProtocol: TCP}]}").Convert();
        await Assert.ThrowsAsync<MigrationException>(() => new PolicyApplier(api.Client(), new JumpingTimeProvider()).ApplyAsync(conversion, Options));
        Assert.That(api.Requests, Is.Empty);
    }

    [Test]
    public async Task ApplyAsync_Cancelled_EndsWithTheCallersToken()
    {
        using var api = new FakeAntreaApi { RealizingLists = -1 };
        using var source = new CancellationTokenSource();
        source.Cancel();
        var error = await Assert.CatchAsync<OperationCanceledException>(
            () => new PolicyApplier(api.Client(), new JumpingTimeProvider()).ApplyAsync(Cluster().Convert(), Options, source.Token));
        Assert.That(error!.CancellationToken, Is.EqualTo(source.Token));
    }

    /// <summary>What changed something, in order.</summary>
    private static IEnumerable<string> Writes(FakeAntreaApi api) =>
        api.Requests.Where(r => r.StartsWith("PATCH", StringComparison.Ordinal) && !r.Contains("dryRun=All", StringComparison.Ordinal));

    private static PolicyConversion WithGroup(string net)
    {
        var conversion = Cluster().Convert();
        var group = new AntreaGroup { Name = "g", Nets = [(Cidr.Parse(net), [])] };
        return conversion with { Tiers = [.. conversion.Tiers, AntreaPolicyJson.Write(group, "test")] };
    }

    private static Task<PolicyApplyResult> Apply(FakeAntreaApi api, PolicyConversion? conversion = null) =>
        new PolicyApplier(api.Client(), new JumpingTimeProvider()).ApplyAsync(conversion ?? Cluster().Convert(), Options);
}
