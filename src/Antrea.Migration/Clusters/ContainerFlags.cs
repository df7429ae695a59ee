using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Finds a flag among a container's command and arguments, and a variable in its environment.</summary>
internal static class ContainerFlags
{
    /// <summary>The values of <paramref name="flag"/>, written as <c>--flag=value</c> or <c>--flag value</c>.</summary>
    public static IEnumerable<string> ValuesOf(JsonNode? container, string flag)
    {
        var isValue = false;
        foreach (var argument in container.TextsAt("command").Concat(container.TextsAt("args")))
        {
            if (isValue)
            {
                yield return argument;
            }
            else if (argument.StartsWith(flag + "=", StringComparison.Ordinal))
            {
                yield return argument[(flag.Length + 1)..];
            }

            isValue = !isValue && argument == flag;
        }
    }

    /// <summary>The value of an environment variable that is written down as such; null when it is missing or comes from elsewhere.</summary>
    public static string? Variable(JsonNode? container, string name) =>
        container.ItemsAt("env").FirstOrDefault(e => e.TextAt("name") == name).TextAt("value");
}
