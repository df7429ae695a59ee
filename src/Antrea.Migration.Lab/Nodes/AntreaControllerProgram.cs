using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>antrea-controller: AntreaControllerInfo, the system tiers, and the status of Antrea policies.</summary>
/// <remarks>
/// <para>A policy is Realized when it is in force, as it is now, on every Node that hosts a Pod it applies to. One without rules
/// but with subject Pods stays Realizing, as no agent ever reports it.</para>
/// <para>appliedTo by <c>podSelector</c> and <c>namespaceSelector</c> is understood; one by <c>group</c>,
/// <c>serviceAccount</c>, <c>nodeSelector</c> or <c>service</c>, and whatever else the evaluator does not model, makes the
/// policy Failed with a condition that says so; once an agent runs it is a failure of the lab, too.</para>
/// <para>Source: Antrea <c>pkg/controller/networkpolicy/status_controller.go</c> and <c>tier.go</c>.</para>
/// </remarks>
internal sealed class AntreaControllerProgram(ContainerContext context) : NodeProgram(context)
{
    private static readonly (string Name, int Priority)[] Tiers =
    [
        ("emergency", 50), ("securityops", 100), ("networkops", 150), ("platform", 200), ("application", 250), ("baseline", 253),
    ];

    private readonly Lock _gate = new();
    private bool _running;

    public override bool IsReady => _running;

    public override void Start()
    {
        foreach (var (name, priority) in Tiers)
        {
            Services.Store.CreateMissing(CniKinds.AntreaTier, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = new JsonObject { ["priority"] = priority },
            });
        }

        Services.Store.CreateOrReplace(CniKinds.AntreaControllerInfo, AntreaInfos.Controller(
            Node.Name, Context.Tag, (Context.Pod.NamespaceOf(), Context.Pod.NameOf()), Services.Store.Now));
        lock (_gate)
        {
            _running = true;
        }

        Services.View.PolicyInputsChanged += OnChanged;
        Services.Policies.Antrea.Changed += OnChanged;
        OnChanged();
    }

    public override ValueTask DisposeAsync()
    {
        Services.View.PolicyInputsChanged -= OnChanged;
        Services.Policies.Antrea.Changed -= OnChanged;
        lock (_gate)
        {
            _running = false;
        }

        return ValueTask.CompletedTask;
    }

    private void OnChanged()
    {
        lock (_gate)
        {
            if (!_running)
            {
                return;
            }

            foreach (var type in (ResourceType[])[CniKinds.AntreaClusterNetworkPolicy, CniKinds.AntreaNetworkPolicy])
            {
                foreach (var policy in Services.Store.PeekAll(type))
                {
                    SetStatus(type, policy);
                }
            }
        }
    }

    private void SetStatus(ResourceType type, JsonObject policy)
    {
        var rules = policy.Items("spec", "ingress").Concat(policy.Items("spec", "egress")).ToList();
        var appliedTo = policy.Items("spec", "appliedTo").Concat(rules.SelectMany(r => r.Items("appliedTo"))).ToList();
        var unknown = appliedTo.SelectMany(a => a).Select(f => f.Key)
            .Where(f => f is not ("podSelector" or "namespaceSelector"))
            .Select(f => $"the lab's antrea-controller does not know appliedTo by {f}")
            .FirstOrDefault() ?? Services.Policies.Antrea.Latest.Refused.GetValueOrDefault(policy.UidOf());
        var nodes = unknown is null ? Subjects(policy.NamespaceOf(), appliedTo) : [];
        var realized = rules.Count == 0 ? 0 : nodes.Count(n => Services.Policies.Antrea.IsEnforced(n, policy));
        var phase = unknown is not null ? "Failed" : realized == nodes.Count ? "Realized" : "Realizing";
        Services.Store.Mutate(type, policy.NamespaceOf(), policy.NameOf(), json =>
        {
            var status = json.Ensure("status");
            status["phase"] = phase;
            status["observedGeneration"] = policy.Number("metadata", "generation") ?? 1;
            status["currentNodesRealized"] = realized;
            status["desiredNodesRealized"] = nodes.Count;
            status.SetCondition(
                "Realizable",
                unknown is null,
                unknown is null ? "Realizable" : "NotInLab",
                unknown,
                Services.Store.Now);
            return true;
        });
    }

    /// <summary>The Nodes that host a Pod of the Pod network one of the selectors picks.</summary>
    private HashSet<string> Subjects(string policyNamespace, List<JsonObject> appliedTo)
    {
        var namespaces = Services.Store.PeekAll(ResourceType.Namespace).ToDictionary(n => n.NameOf());
        return
        [
            .. Services.Store.PeekAll(ResourceType.Pod)
                .Where(p => !p.Flag("spec", "hostNetwork") && appliedTo.Exists(a => Picks(a, p)))
                .Select(p => p.Text("spec", "nodeName")).OfType<string>(),
        ];

        bool Picks(JsonObject one, JsonObject pod) =>
            (one.Object("podSelector") is not { } pods || LabelSelector.FromSpec(pods).Matches(pod))
            && (policyNamespace.Length > 0
                ? pod.NamespaceOf() == policyNamespace
                : one.Object("namespaceSelector") is not { } spec
                    || (namespaces.TryGetValue(pod.NamespaceOf(), out var found) && LabelSelector.FromSpec(spec).Matches(found)));
    }
}
