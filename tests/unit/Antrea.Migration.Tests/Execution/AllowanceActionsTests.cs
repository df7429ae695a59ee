using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Planning;
using Antrea.Migration.Tests.Planning;
using k8s;

namespace Antrea.Migration.Tests.Execution;

/// <summary>What becomes of an allowance that cannot be as it was planned: it is never wider, and never in the way of a rollback.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class AllowanceActionsTests
{
    private const string Path = "/apis/crd.projectcalico.org/v1/namespaces/shop/networkpolicies/default.antrea-migration-allow-1";
    private const string AntreaPath = "/apis/crd.antrea.io/v1beta1/namespaces/shop/networkpolicies/antrea-migration-allow-1";

    private static readonly ClusterSnapshot Snapshot = SnapshotFixtures.Read(PolicyPredictionTests.Cluster + PolicyPredictionTests.Friends);

    private static readonly PolicyAllowance Allowance =
        PolicyPrediction.Of(Snapshot, BridgeStrategy.Of(BridgeKind.PolicyRoute), null, "v2.7.0", PolicyMode.Available, []).Allowances.Single();

    [Test]
    public async Task Run_WithItsNodes_AppliesIt()
    {
        using var server = new PolicyStore();
        var (outcome, _) = await RunAsync(server, isBack: false, Allowance);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Is.EqualTo("1 allowances in force until the phase ends"));
            Assert.That(server.Objects.Keys, Is.EqualTo(new[] { Path }));
        }
    }

    /// <summary>A rule without addresses is a rule for everybody; and one that is there for the addresses that its Nodes had does not stay.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public async Task Run_WhereNoneOfItsNodesIsLeft_WritesNothingAndNamesIt(bool isBack)
    {
        using var server = new PolicyStore();
        server.Objects[Path] = AllowanceObjects.Of(Allowance, Snapshot.Nodes);
        var (outcome, _) = await RunAsync(server, isBack, Allowance with { Nodes = ["gone"] });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Does.StartWith("0 allowances in force").And.Contains("shop/antrea-migration-allow-1: no Node that it is for has an address now"));
            Assert.That(server.Objects, Is.Empty);
        }
    }

    [Test]
    public async Task Run_BackWhereSomebodyElsesIsThere_LeavesThatAndGoesOn()
    {
        using var server = new PolicyStore();
        server.Objects[Path] = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "theirs" } };
        var (outcome, said) = await RunAsync(server, isBack: true, Allowance);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Does.StartWith("0 allowances in force").And.Contains("not the migration's"));
            Assert.That(said, Has.Some.Contains("not the migration's").And.None.Contains("rollback"));
            Assert.That(server.Objects[Path].TextAt("metadata", "name"), Is.EqualTo("theirs"));
        }
    }

    /// <summary>One of the same name that the way forth had applied would stay in force for the addresses of then.</summary>
    [Test]
    public async Task Run_BackWhereTheServerLosesAField_LeavesNoneAndGoesOn()
    {
        using var server = new PolicyStore { LosesTier = true };
        var tiered = Allowance with { Tier = "first" };
        server.Objects[Path.Replace("default.", "first.", StringComparison.Ordinal)] = AllowanceObjects.Of(tiered, Snapshot.Nodes);
        var (outcome, said) = await RunAsync(server, isBack: true, tiered, Allowance);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Does.StartWith("1 allowances in force").And.Contains("would not keep spec.tier"));
            Assert.That(said, Has.Some.Contains("would not keep spec.tier").And.None.Contains("rollback"));
            Assert.That(server.Objects.Keys, Is.EqualTo(new[] { Path }));
        }
    }

    [Test]
    public async Task Run_BackWhereItIsNeverRealized_RemovesItAndGoesOn()
    {
        using var server = new PolicyStore();
        var (outcome, said) = await RunAsync(server, isBack: true, Allowance, Allowance with { Engine = PolicyEngine.Antrea, Tier = "emergency", Order = 1 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Does.StartWith("1 allowances in force").And.Contains("is Realizing at generation 1 of 1"));
            Assert.That(said, Has.Some.Contains("Realizing"));
            Assert.That(server.Written, Has.Some.EqualTo(AntreaPath));
            Assert.That(server.Objects.Keys, Is.EqualTo(new[] { Path }));
        }
    }

    /// <summary>The step that withdraws them waits again; the way back begins meanwhile.</summary>
    [Test]
    public async Task Run_BackWherePoliciesHaveChangedAndOneStays_SaysSoAndGoesOn()
    {
        using var server = new PolicyStore { KeepsAll = true };
        server.Objects[Path] = AllowanceObjects.Of(Allowance, Snapshot.Nodes);
        var (outcome, said) = await RunAsync(server, isBack: true, policiesHash: "another", Allowance);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Does.StartWith("policies have changed since the plan was made"));
            Assert.That(said, Has.Some.StartsWith("No progress").And.Some.Contains(Path[1..]));
        }
    }

    /// <summary>On the way forth somebody is to look first.</summary>
    [Test]
    public void Run_ForthWhereItIsNeverRealized_Fails()
    {
        using var server = new PolicyStore();
        Assert.ThrowsAsync<StepFailedException>(() => RunAsync(server, isBack: false, Allowance with { Engine = PolicyEngine.Antrea, Tier = "emergency", Order = 1 }));
    }

    private static Task<(string Outcome, List<string> Said)> RunAsync(PolicyStore server, bool isBack, params PolicyAllowance[] allowances) =>
        RunAsync(server, isBack, AllowanceObjects.HashOf(Snapshot), allowances);

    private static async Task<(string Outcome, List<string> Said)> RunAsync(PolicyStore server, bool isBack, string policiesHash, params PolicyAllowance[] allowances)
    {
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1" }, server);
        List<string> said = [];
        var step = new MigrationStep("allow", Allowance.Phase, MigrationStepKind.AllowMasqueraded, "Allow", null, Reversibility.Reversible, []);
        var context = new MigrationContext
        {
            Api = new KubernetesApi(client, TimeProvider.System),
            Nodes = null!,
            NodesAtOnce = 1,
            Reader = new Reader(),
            Plan = new MigrationPlan
            {
                Id = "id",
                Fingerprint = "",
                Scenario = "",
                AntreaVersion = "v2.7.0",
                Nodes = [],
                PodCidrs = ImmutableSortedDictionary<string, ImmutableArray<Cidr>>.Empty,
                ServiceCidrs = [],
                CalicoCidrs = [],
                ManifestHash = "",
                Steps = [step],
                Findings = [],
                Undoes = isBack ? "plan" : null,
                PolicyAllowances = [.. allowances],
                PoliciesHash = policiesHash,
            },
            Options = new MigrationOptions { StepTimeout = TimeSpan.Zero, PollInterval = TimeSpan.FromMilliseconds(1) },
            BackupDirectory = "",
            Time = TimeProvider.System,
            Memory = new PhaseMemory(),
            PassGateAsync = (_, _, _) => Task.CompletedTask,
            Report = said.Add,
        };
        return (await new AllowMasqueradedAction().RunAsync(context, step, CancellationToken.None), said);
    }

    private sealed class Reader : IClusterReader
    {
        public Task<ClusterSnapshot> ReadAsync(CancellationToken cancellationToken = default) => Task.FromResult(Snapshot);
    }

    /// <summary>Keeps policies by their paths; what Antrea is to enforce stays on its way for ever.</summary>
    private sealed class PolicyStore : DelegatingHandler
    {
        public SortedDictionary<string, JsonObject> Objects { get; } = new(StringComparer.Ordinal);

        public List<string> Written { get; } = [];

        /// <summary>Whether the server's schema lacks <c>spec.tier</c>.</summary>
        public bool LosesTier { get; init; }

        /// <summary>Whether nothing goes, as with a finalizer that nobody serves.</summary>
        public bool KeepsAll { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (path, query) = (request.RequestUri!.AbsolutePath, request.RequestUri.Query);
            if (request.Method == HttpMethod.Patch)
            {
                var body = (JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
                if (LosesTier)
                {
                    body["spec"]!.AsObject().Remove("tier");
                }

                body["metadata"]!["generation"] = 1;
                body["status"] = new JsonObject { ["phase"] = "Realizing", ["observedGeneration"] = 1 };
                if (!query.Contains("dryRun", StringComparison.Ordinal))
                {
                    Objects[path] = body;
                    Written.Add(path);
                }

                return Answer(body);
            }

            if (query.Contains("labelSelector", StringComparison.Ordinal))
            {
                var root = path[..path.LastIndexOf('/')];
                return Answer(new JsonObject
                {
                    ["kind"] = "NetworkPolicyList",
                    ["items"] = new JsonArray([.. Objects.Where(o => o.Key.StartsWith(root, StringComparison.Ordinal) && AllowanceObjects.IsOne(o.Value)).Select(o => o.Value.DeepClone())]),
                });
            }

            if (!Objects.TryGetValue(path, out var there))
            {
                return new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("{}") };
            }

            if (request.Method == HttpMethod.Delete && !KeepsAll)
            {
                Objects.Remove(path);
            }

            return Answer(there);
        }

        private static HttpResponseMessage Answer(JsonObject body) =>
            new(HttpStatusCode.OK) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
    }
}
