namespace Antrea.Migration.Kind;

/// <summary>An image of the Docker engine, and what Nodes know it as.</summary>
/// <param name="Image">Its name in the engine.</param>
/// <param name="Name">Its name on the Nodes: the one that Pods ask for.</param>
public sealed record KindImage(string Image, string Name)
{
    /// <summary>The name in full, as containerd keeps it: with registry and tag.</summary>
    internal static string InFull(string image)
    {
        var parts = image.Split('/');
        var tagged = parts[^1].Contains(':', StringComparison.Ordinal) || parts[^1].Contains('@', StringComparison.Ordinal) ? image : $"{image}:latest";
        return parts switch
        {
            [_] => $"docker.io/library/{tagged}",
            [var host, ..] when host.Contains('.', StringComparison.Ordinal) || host.Contains(':', StringComparison.Ordinal) || host == "localhost" => tagged,
            _ => $"docker.io/{tagged}",
        };
    }
}
