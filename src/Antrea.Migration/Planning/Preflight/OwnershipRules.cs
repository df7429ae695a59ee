using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Who else writes to what a migration changes: it would be taken back, or brought back after its removal.</summary>
/// <remarks>Known by the marks that each leaves on objects, an operator by the custom resource that controls a workload. Sources: Argo CD <c>docs/user-guide/resource_tracking.md</c>, Flux
/// <c>kustomize-controller</c> and <c>helm-controller</c> labels, Kubernetes <c>cluster/addons/addon-manager</c>, k3s deploy controller. Argo CD's older mark
/// <c>app.kubernetes.io/instance</c> is set by many others too and is not taken for one.</remarks>
internal static class OwnershipRules
{
    private static readonly (string Owner, string Mark, string? Value)[] Marks =
    [
        ("Argo CD", "argocd.argoproj.io/tracking-id", null),
        ("Argo CD", "argocd.argoproj.io/instance", null),
        ("Flux", "kustomize.toolkit.fluxcd.io/name", null),
        ("Flux", "helm.toolkit.fluxcd.io/name", null),
        ("kube-addon-manager", "addonmanager.kubernetes.io/mode", "Reconcile"),
        ("the deploy controller of k3s or RKE2", "objectset.rio.cattle.io/id", null),
    ];

    private static readonly string[] Autoscalers = ["cluster-autoscaler", "karpenter"];

    /// <summary>Calico is deleted and its configuration changed; whoever brings it back breaks a migrated cluster.</summary>
    public static IEnumerable<Finding> Calico(PreflightContext context) =>
        OwnedBy(context.Snapshot.Objects.Where(IsCalicos), OwnerOf).Select(g => new Finding(
            "calico-kept-by-others",
            Severity.Blocker,
            g.First().ToString(),
            $"{g.Key} keeps {PreflightContext.Some(g.Select(o => o.ToString()))} as written elsewhere: it would take changes back, and bring Calico back once it is removed.",
            $"Make {g.Key} let go of Calico (suspend it there, or take Calico out of its source without pruning); then ignore this finding."));

    /// <summary>A restart is an annotation in the workload's template, unless Pods stay in place.</summary>
    public static IEnumerable<Finding> Workloads(PreflightContext context) => context.Options.Restart == RestartMode.InPlace
        ? []
        : OwnedBy(
                context.Snapshot.Objects.Where(o => o is { Group: "apps", Kind: "Deployment" or "StatefulSet" or "DaemonSet" } && !IsCalicos(o)
                    && o.Json.FlagAt("spec", "template", "spec", "hostNetwork") != true),
                o => OwnerOf(o) ?? OperatorOf(o))
            .Select(g => new Finding(
                "workload-kept-by-others",
                Severity.Warning,
                g.First().ToString(),
                $"{g.Key} keeps {PreflightContext.Some(g.Select(o => o.ToString()))} as written elsewhere: if it heals by itself it takes the restart's annotation away, and the Pods restart once more.",
                $"Suspend self-healing of {g.Key} for the migration, or let it ignore annotation antrea-migration.io/restarted-for of Pod templates."));

    /// <summary>A migration stops when Nodes join or leave.</summary>
    public static IEnumerable<Finding> NodeAutoscaler(PreflightContext context) =>
        context.Snapshot.OfKind("apps", "Deployment")
            .Where(d => d.Json.NumberAt("spec", "replicas") != 0
                && d.Json.ItemsAt("spec", "template", "spec", "containers").Any(c => Autoscalers.Any(a => (c.TextAt("image") ?? "").Contains(a, StringComparison.Ordinal))))
            .Select(d => new Finding(
                "nodes-are-autoscaled",
                Severity.Warning,
                d.ToString(),
                "It adds and removes Nodes; a migration stops when its Nodes are not those of its plan.",
                "Scale it to 0 for the migration."));

    private static IEnumerable<IGrouping<string, ClusterObject>> OwnedBy(IEnumerable<ClusterObject> objects, Func<ClusterObject, string?> ownerOf) =>
        objects.Select(o => (Object: o, Owner: ownerOf(o))).Where(o => o.Owner is not null)
            .OrderBy(o => o.Object.ToString(), StringComparer.Ordinal).GroupBy(o => o.Owner!, o => o.Object);

    private static string? OwnerOf(ClusterObject obj)
    {
        foreach (var (owner, mark, value) in Marks)
        {
            if ((obj.Json.TextAt("metadata", "labels", mark) ?? obj.Json.TextAt("metadata", "annotations", mark)) is { } found && (value is null || found == value))
            {
                return owner;
            }
        }

        return null;
    }

    /// <summary>Who makes a workload from a custom resource; Tigera's operator has findings of its own.</summary>
    private static string? OperatorOf(ClusterObject obj)
    {
        var owner = obj.Json.ItemsAt("metadata", "ownerReferences").FirstOrDefault(r => r.FlagAt("controller") == true);
        return owner.TextAt("apiVersion") is { } version && version.Contains('.', StringComparison.Ordinal) && !version.StartsWith("operator.tigera.io/", StringComparison.Ordinal)
            ? $"the operator of {owner.TextAt("kind")} ({version.Split('/')[0]})"
            : null;
    }

    private static bool IsCalicos(ClusterObject obj) =>
        obj is { Group: "apps", Name: "calico-node" or "calico-kube-controllers" or "calico-typha" }
        || (obj.Group.EndsWith("projectcalico.org", StringComparison.Ordinal) && obj.Kind == "IPPool");
}
