using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution;

/// <summary>Nodes that are gone or not ready: what a step that waits, or a command that does not get through, is not likely to say itself.</summary>
/// <param name="Message">Which Nodes, and what their kubelets or the cluster say of it.</param>
/// <param name="Next">What a person can do.</param>
internal sealed record NodeTrouble(string Message, string Next)
{
    private const int MostNamed = 5;

    /// <summary>Looks at <paramref name="names"/>.</summary>
    /// <returns>Null where all are there and ready, and where the API server does not say: it is asked after something else has failed, which is then the news.</returns>
    public static async Task<NodeTrouble?> FindAsync(KubernetesApi api, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        try
        {
            List<JsonObject?> nodes = [];
            if (names.Count == 1)
            {
                nodes.Add(await api.GetAsync($"api/v1/nodes/{names.First()}", cancellationToken).ConfigureAwait(false));
            }
            else
            {
                nodes.AddRange(await api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? []);
            }

            return Of(nodes.OfType<JsonObject>(), names);
        }
        catch (Exception e) when (e is KubernetesApiException or MigrationException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with <paramref name="names"/>, where <paramref name="nodes"/> are all there are of them.</summary>
    /// <returns>Null when nothing is.</returns>
    public static NodeTrouble? Of(IEnumerable<JsonObject> nodes, IEnumerable<string> names)
    {
        var found = nodes.ToDictionary(n => n.TextAt("metadata", "name") ?? "", StringComparer.Ordinal);
        var troubled = names.Order(StringComparer.Ordinal)
            .Select(name => (Name: name, IsGone: !found.ContainsKey(name), Why: found.TryGetValue(name, out var node) ? WhyNotReady(node) : "is gone from the cluster"))
            .Where(n => n.Why is not null).ToList();
        if (troubled.Count == 0)
        {
            return null;
        }

        var message = string.Join("; ", troubled.Take(MostNamed).Select(n => $"Node {n.Name} {n.Why}"))
            + (troubled.Count > MostNamed ? $"; and {troubled.Count - MostNamed} more" : "");
        var gone = troubled.Where(n => n.IsGone).Select(n => n.Name).ToList();
        return new NodeTrouble(
            message,
            gone.Count > 0
                ? NextOfGone(gone)
                : $"Bring Node {Some(troubled.Select(n => n.Name))} back ('kubectl describe node {troubled[0].Name}' says more), then run the command again; it goes on at this step.");
    }

    /// <summary>What to do about Nodes that have left the cluster.</summary>
    public static string NextOfGone(IEnumerable<string> names, bool isRollback = false) =>
        $"Bring Node {Some(names)} back under the same name and run the command again, which goes on where it was."
        + (isRollback ? "" : " If that cannot be, 'antrea-migrator rollback' undoes the migration on the Nodes that are left, until Calico's removal has begun.");

    private static string Some(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(MostNamed)) + (all.Count > MostNamed ? $" and {all.Count - MostNamed} more" : "");
    }

    private static string? WhyNotReady(JsonObject node)
    {
        var ready = node.ItemsAt("status", "conditions").FirstOrDefault(c => c.TextAt("type") == "Ready");
        return ready.TextAt("status") == "True" ? null
            : (ready.TextAt("message") ?? ready.TextAt("reason"))?.TrimEnd('.') is { Length: > 0 } why ? $"is not ready ({why})"
            : "is not ready";
    }
}
