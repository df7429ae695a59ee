using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.Policies.Application;

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
        var patches = api.Requests.Where(r => r.StartsWith("PATCH", StringComparison.Ordinal)).ToList();
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
        Assert.That(api.Requests.Count(r => r.Contains("calico-all?", StringComparison.Ordinal)), Is.EqualTo(4));
    }

    [Test]
    public async Task ApplyAsync_Realizing_WaitsForTwoGoodLooks()
    {
        using var api = new FakeAntreaApi { RealizingLists = 3 };
        await Apply(api);
        var lists = api.Requests.TakeWhile(r => !r.Contains("DELETE", StringComparison.Ordinal))
            .Count(r => r.StartsWith("GET clusternetworkpolicies", StringComparison.Ordinal));

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
            Assert.That(error!.Message, Does.Contain("applying Tier/calico-default").And.Contain($"{(int)status}"));
            Assert.That(error.Next, Does.Contain(next));
        }
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

    private static Task<PolicyApplyResult> Apply(FakeAntreaApi api) =>
        new PolicyApplier(api.Client(), new JumpingTimeProvider()).ApplyAsync(Cluster().Convert(), Options);
}
