using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>What a cluster has of Calico's beside its definitions: by name, and webhooks by the Service that they ask.</summary>
/// <remarks>
/// <para>Source: Calico v3.26.1 and v3.32.1 <c>manifests/calico.yaml</c>, <c>calico-typha.yaml</c>, <c>apiserver.yaml</c>; <c>charts/calico/templates/calico-webhooks.yaml</c>.</para>
/// <para>From v3.32 on its manifests bring the definition of the policy API's ClusterNetworkPolicy as well, which is everybody's. It goes with Calico where nothing speaks against
/// it: Calico's role asks for it, no other role does, the group has no other definition, nobody has labelled or owns it, and it has no object. Else it
/// stays: an empty definition harms nobody, and a policy that somebody has written is not the migration's to lose.</para>
/// </remarks>
internal static class CalicoObjects
{
    private const string SharedGroup = "policy.networking.k8s.io";
    private const string SharedPlural = "clusternetworkpolicies";
    private const string Collections = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Roles = "apis/rbac.authorization.k8s.io/v1/clusterroles";

    /// <summary>What runs or would be asked, in the order in which it goes. Budgets are named in both versions: before Kubernetes 1.21 there is only v1beta1, from 1.25 on only v1.</summary>
    public static readonly string[] Workloads =
    [
        "apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org",
        "api/v1/namespaces/calico-apiserver",
        "apis/policy/v1/namespaces/kube-system/poddisruptionbudgets/calico-kube-controllers",
        "apis/policy/v1beta1/namespaces/kube-system/poddisruptionbudgets/calico-kube-controllers",
        "apis/apps/v1/namespaces/kube-system/deployments/calico-kube-controllers",
        "apis/apps/v1/namespaces/kube-system/daemonsets/calico-node",
        "apis/policy/v1/namespaces/kube-system/poddisruptionbudgets/calico-typha",
        "apis/policy/v1beta1/namespaces/kube-system/poddisruptionbudgets/calico-typha",
        "apis/apps/v1/namespaces/kube-system/deployments/calico-typha",
        "api/v1/namespaces/kube-system/services/calico-typha",
        "apis/apps/v1/namespaces/kube-system/deployments/calico-webhooks",
        "api/v1/namespaces/kube-system/services/calico-webhooks",
    ];

    /// <summary>What those were told and allowed: it goes when they are gone.</summary>
    public static readonly string[] Settings =
    [
        "api/v1/namespaces/kube-system/configmaps/calico-config",
        .. Of("api/v1/namespaces/kube-system/serviceaccounts", "calico-node", "calico-kube-controllers", "calico-cni-plugin", "calico-webhooks"),
        .. Of(
            "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            "calico-node", "calico-kube-controllers", "calico-cni-plugin", "calico-tier-getter", "calico-webhooks",
            "calico-apiserver-access-crds", "calico-apiserver-delegate-auth", "calico-apiserver-webhook-reader", "calico-extension-apiserver-auth-access"),
        .. Of(
            Roles,
            "calico-node", "calico-kube-controllers", "calico-cni-plugin", "calico-tier-getter", "calico-webhooks",
            "calico-crds", "calico-extension-apiserver-auth-access", "calico-webhook-reader"),
    ];

    /// <summary>Removes what is at the paths, in their order; returns how many there were.</summary>
    public static async Task<int> RemoveAsync(MigrationContext context, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var path in paths)
        {
            removed += await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        return removed;
    }

    /// <summary>Removes the webhooks whose Services are Calico's: failing closed, they would refuse what comes next.</summary>
    public static async Task<int> RemoveWebhooksAsync(MigrationContext context, CancellationToken cancellationToken) =>
        await RemoveAsync(context, await WebhooksAsync(context, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>Removes the definition that it shares with others, if nobody else needs it. To be asked while Calico's roles are there.</summary>
    /// <returns>How many were removed, and why one stays; null when none does.</returns>
    public static async Task<(int Removed, string? Stays)> RemoveSharedDefinitionAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        const string path = $"{Collections}/{SharedPlural}.{SharedGroup}";
        if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is not { } definition)
        {
            return (0, null);
        }

        return await WhyKeepAsync(context, definition, cancellationToken).ConfigureAwait(false) is { } why
            ? (0, $"{SharedPlural}.{SharedGroup} stays, for {why}")
            : (await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false) ? 1 : 0, null);
    }

    /// <summary>What is there, as <c>apis/…</c> paths; that something is not there any more is for the removal to bring about.</summary>
    public static async Task<List<string>> LeftAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<string> left = [];
        foreach (var path in Workloads.Concat(Settings).Concat(TigeraOperator.Namespaces.Select(n => $"api/v1/namespaces/{n}")).Distinct())
        {
            if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is not null)
            {
                left.Add(path);
            }
        }

        left.AddRange(await WebhooksAsync(context, cancellationToken).ConfigureAwait(false));
        return left;
    }

    private static async Task<List<string>> WebhooksAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<string> paths = [];
        foreach (var plural in (string[])["validatingwebhookconfigurations", "mutatingwebhookconfigurations"])
        {
            var collection = $"apis/admissionregistration.k8s.io/v1/{plural}";
            foreach (var configuration in await context.Api.ListAsync(collection, cancellationToken).ConfigureAwait(false) ?? [])
            {
                var services = configuration.ItemsAt("webhooks").Select(w => (w.TextAt("clientConfig", "service", "namespace"), w.TextAt("clientConfig", "service", "name"))).ToList();
                if (services.Count > 0 && services.TrueForAll(s => TigeraOperator.Namespaces.Contains(s.Item1) || s is ("kube-system", "calico-webhooks")))
                {
                    paths.Add($"{collection}/{configuration["metadata"]!["name"]}");
                }
            }
        }

        return paths;
    }

    private static async Task<string?> WhyKeepAsync(MigrationContext context, JsonObject definition, CancellationToken cancellationToken)
    {
        var roles = (await context.Api.ListAsync(Roles, cancellationToken).ConfigureAwait(false) ?? [])
            .Where(r => r.ItemsAt("rules").Any(Names)).Select(r => r.TextAt("metadata", "name") ?? "").ToList();
        if (!roles.Contains("calico-node"))
        {
            return "Calico does not ask for it";
        }

        if (roles.Find(r => r != "calico-node" && !Settings.Contains($"{Roles}/{r}")) is { } other)
        {
            return $"ClusterRole {other} asks for it too";
        }

        var metadata = definition["metadata"] as JsonObject;
        if (metadata?["labels"] is JsonObject { Count: > 0 } || metadata?["ownerReferences"] is JsonArray { Count: > 0 })
        {
            return "somebody has labelled it or owns it";
        }

        var others = (await context.Api.ListAsync(Collections, cancellationToken).ConfigureAwait(false) ?? [])
            .Where(d => d.TextAt("spec", "group") == SharedGroup && d.TextAt("spec", "names", "plural") != SharedPlural).Select(d => d.TextAt("metadata", "name")).ToList();
        if (others.Count > 0)
        {
            return $"{others[0]} is there too";
        }

        var version = definition.ItemsAt("spec", "versions").FirstOrDefault(v => v.FlagAt("served") == true).TextAt("name");
        return await context.Api.ListAsync($"apis/{SharedGroup}/{version}/{SharedPlural}", cancellationToken).ConfigureAwait(false) switch
        {
            null => "its objects cannot be listed",
            { Count: > 0 } objects => $"{objects.Count} objects are in it",
            _ => null,
        };
    }

    /// <summary>A rule about everything names nothing.</summary>
    private static bool Names(JsonNode? rule) =>
        rule.ItemsAt("apiGroups").Any(g => g?.ToString() == SharedGroup) && rule.ItemsAt("resources").Any(r => r?.ToString() is "*" or SharedPlural);

    private static IEnumerable<string> Of(string collection, params string[] names) => names.Select(n => $"{collection}/{n}");
}
